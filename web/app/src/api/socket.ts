/** Subscriptions over one WebSocket (graphql-transport-ws), which connects when the first begins. */
import { stringifyDocument, type TypedDocumentNode } from "@urql/core";
import { createClient } from "graphql-ws";
import { endSession, freshToken, isSignedIn, subscribeToSession } from "./session";

type Listener = (isConnected: boolean) => void;
const listeners = new Set<Listener>();

const socket = createClient({
  url: () => `${location.origin.replace(/^http/, "ws")}/graphql`,
  connectionParams: async () => {
    const token = await freshToken();
    return token ? { Authorization: `Bearer ${token}` } : {};
  },
  lazyCloseTimeout: 5_000,
  keepAlive: 20_000,
  retryAttempts: Infinity,
  retryWait: (attempt) => new Promise((resolve) => setTimeout(resolve, Math.min(250 * 2 ** attempt, 8_000) * (0.7 + Math.random() * 0.6))),
  // Every close is worth a retry but the end of the session.
  shouldRetry: (event) => !(event instanceof CloseEvent && event.code === 4401),
  on: {
    connected: () => notify(true),
    closed: (event) => {
      if (event instanceof CloseEvent && event.code === 4401) endSession();
      else if (!(event instanceof CloseEvent && event.wasClean && event.code === 1000)) notify(false);
    },
  },
});

function notify(isConnected: boolean): void {
  listeners.forEach((listener) => listener(isConnected));
}

export function subscribeToConnection(listener: Listener): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

subscribeToSession(() => {
  if (!isSignedIn()) socket.terminate();
});

/**
 * Follow a subscription until it completes or the returned function is called.
 *
 * graphql-ws subscribes again after a lost connection and serialises the variables anew each time, so a getter among
 * them, such as `get after()`, continues where the stream broke off: at the character, or at the revision.
 */
export function stream<Data, Variables extends Record<string, unknown>>(
  document: TypedDocumentNode<Data, Variables>,
  variables: Variables,
  onData: (data: Data) => void,
  onEnd?: (error?: unknown) => void,
): () => void {
  return socket.subscribe<Data>(
    { query: stringifyDocument(document), variables },
    {
      next: ({ data, errors }) => {
        if (data) onData(data);
        else if (errors) onEnd?.(errors);
      },
      error: (error) => onEnd?.(error),
      complete: () => onEnd?.(),
    },
  );
}
