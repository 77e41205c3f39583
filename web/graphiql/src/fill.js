// Puts what is known into tabs: the token into headers, values into variables.
import { TOKEN_PLACEHOLDER, withToken } from "./headers.js";
import { placeholder } from "./known.js";

/** A tab's headers and variables with what is known; a new token replaces the one before it. */
export function filled({ headers, variables }, before, after) {
  return { headers: fillHeaders(headers, before, after), variables: fillVariables(variables, before, after) };
}

function fillHeaders(text, before, { accessToken }) {
  if (!accessToken) return text;
  const isNew = accessToken !== before.accessToken;
  return isNew || !text || text.includes(TOKEN_PLACEHOLDER) ? withToken(text, accessToken) : text;
}

/** A value stands in for its placeholder, or for the value that was filled in before it. */
function fillVariables(text, before, after) {
  try {
    const variables = JSON.parse(text);
    const due = Object.keys(variables).filter((name) => {
      const value = variables[name];
      const isOurs = value === placeholder(name) || (name in before && value === before[name]);
      return isOurs && name in after && value !== after[name];
    });
    if (due.length === 0) return text;
    for (const name of due) variables[name] = after[name];
    return JSON.stringify(variables, null, 2);
  } catch {
    return text;
  }
}
