/**
 * Sign-in by a provider: the browser leaves the page and comes back with a one-time code in the fragment.
 *
 * The verifier stays in this tab: nobody else can make the page exchange a code of theirs.
 */
const VERIFIER = "sheetgpt.verifier";
const CODE = /^#signInCode=([^&]+)/;

export async function leaveFor(url: string): Promise<void> {
  sessionStorage.removeItem(VERIFIER);
  // Browsers have SHA-256 only on HTTPS and on this machine; elsewhere the code alone must do.
  if (!crypto.subtle) return location.assign(url);
  const verifier = base64url(crypto.getRandomValues(new Uint8Array(32)));
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(verifier));
  sessionStorage.setItem(VERIFIER, verifier);
  location.assign(`${url}?challenge=${base64url(new Uint8Array(digest))}`);
}

/** Take the code out of the address, so that it is neither kept in the history nor exchanged twice. */
export function takeCode(): { code: string; verifier: string | null } | null {
  const code = CODE.exec(location.hash)?.[1];
  if (!code) return null;
  history.replaceState(null, "", location.pathname + location.search);
  const verifier = sessionStorage.getItem(VERIFIER);
  sessionStorage.removeItem(VERIFIER);
  return { code: decodeURIComponent(code), verifier };
}

function base64url(bytes: Uint8Array): string {
  return btoa(String.fromCharCode(...bytes)).replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "");
}
