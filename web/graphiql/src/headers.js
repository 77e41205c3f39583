// The Authorization header: in the headers editor, and on the wire.
import { getOperationAST, parse } from "graphql";

export const TOKEN_PLACEHOLDER = "PASTE-accessToken-HERE";

const SIGN_IN = ["signUp", "logIn", "refreshSession"];

export const defaultHeaders = (token = TOKEN_PLACEHOLDER) =>
  JSON.stringify({ Authorization: `Bearer ${token}` }, null, 2);

/** The text of a headers editor with the token in it; a text that is not JSON stays as it is. */
export function withToken(text, token) {
  try {
    const headers = withoutAuthorization(JSON.parse(text?.trim() || "{}"));
    return JSON.stringify({ ...headers, Authorization: `Bearer ${token}` }, null, 2);
  } catch {
    return text;
  }
}

/** The headers to send: no Authorization while the placeholder stands, nor where it is not needed. */
export function outgoing(headers, operation) {
  const text = JSON.stringify(headers ?? {});
  return text.includes(TOKEN_PLACEHOLDER) || needsNoToken(operation)
    ? withoutAuthorization(headers)
    : { ...headers };
}

/** The document's operation of that name, its only one, or null (the server explains what is wrong). */
export function findOperation({ query, operationName }) {
  try {
    const document = parse(query);
    return getOperationAST(document) ?? getOperationAST(document, operationName);
  } catch {
    return null;
  }
}

/** An expired token must not stand in the way of a new one, nor of the schema. */
function needsNoToken(operation) {
  const fields = operation?.selectionSet.selections.map((selection) => selection.name?.value) ?? [];
  return operation?.name?.value === "IntrospectionQuery" || fields.some((name) => SIGN_IN.includes(name));
}

function withoutAuthorization(headers) {
  return Object.fromEntries(
    Object.entries(headers ?? {}).filter(([name]) => name.toLowerCase() !== "authorization"),
  );
}
