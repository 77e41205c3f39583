// What to tell a person about an answer, in one line.

export const welcome = { text: "The two-minute tour: run the tabs from left to right." };

/** `{ text, link? }`, or null when the answer speaks for itself. */
export function noticeOf({ before, after, result }) {
  if (after.accessToken !== before.accessToken) {
    return { text: "Signed in: the token is in the headers of every tab." };
  }
  if (isUnauthenticated(result)) {
    return { text: "The server does not accept this token, or there is none: run logIn." };
  }
  const url = result?.data?.exportProgress?.url;
  if (/^(https?:\/\/|\/)/.test(url ?? "")) return { text: "The export is ready.", link: url };
  const news = Object.keys(after).filter((name) => after[name] !== before[name]);
  return news.length > 0 ? { text: `Filled into the tabs that need it: ${news.join(", ")}.` } : null;
}

function isUnauthenticated(result) {
  return (result?.errors ?? []).some(({ extensions }) => extensions?.code === "UNAUTHENTICATED");
}
