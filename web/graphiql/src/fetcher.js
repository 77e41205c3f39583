// How operations reach the server: HTTP, and a WebSocket for subscriptions.
import { createClient } from "graphql-ws";

import { findOperation, outgoing } from "./headers.js";

const PATH = "/graphql";

/** A GraphiQL fetcher; `onResult` sees every result on its way to the page. */
export function createFetcher(onResult) {
  return async ({ query, variables, operationName }, { headers } = {}) => {
    const operation = findOperation({ query, operationName });
    const request = { query, variables, operationName: operation?.name?.value ?? operationName };
    const sent = outgoing(headers, operation);
    if (operation?.operation === "subscription") return subscription(request, sent, onResult);
    const result = await post(request, sent);
    onResult(result);
    return result;
  };
}

async function post(request, headers) {
  const response = await fetch(PATH, {
    method: "POST",
    headers: {
      "content-type": "application/json",
      accept: "application/graphql-response+json, application/json;q=0.9",
      ...headers,
    },
    body: JSON.stringify(request),
  });
  const text = await response.text();
  try {
    return JSON.parse(text);
  } catch {
    throw new Error(`The server answered ${response.status} with something that is not JSON: ${text.slice(0, 300)}`);
  }
}

/** Each subscription opens a socket of its own, so it always carries the token of its tab. */
function subscription(request, headers, onResult) {
  return {
    subscribe(sink) {
      const client = createClient({ url: socketUrl(), connectionParams: headers, retryAttempts: 0 });
      const unsubscribe = client.subscribe(request, {
        next(result) {
          onResult(result);
          sink.next(result);
        },
        error: (error) => sink.error(readable(error)),
        complete: () => sink.complete(),
      });
      return { unsubscribe };
    },
  };
}

function socketUrl() {
  return `${location.protocol === "https:" ? "wss" : "ws"}://${location.host}${PATH}`;
}

function readable(error) {
  if (!(error instanceof CloseEvent)) return error;
  return new Error(`The server closed the socket: ${error.code} ${error.reason}`.trim());
}
