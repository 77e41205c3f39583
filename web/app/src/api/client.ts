/** The two urql clients: one with the normalised cache, and one without for the rows of the grid. */
import { Client, fetchExchange, type Exchange, type Operation } from "@urql/core";
import { authExchange } from "@urql/exchange-auth";
import { cacheExchange, type Cache, type DataFields } from "@urql/exchange-graphcache";
import { relayPagination } from "@urql/exchange-graphcache/extras";
import { accessToken, expiresSoon, refresh, subscribeToSession } from "./session";

const authentication = (): Exchange =>
  authExchange(async (utilities) => {
    let refused: string | undefined;
    return {
      addAuthToOperation: (operation) => {
        const token = accessToken();
        return token ? utilities.appendHeaders(operation, { Authorization: `Bearer ${token}` }) : operation;
      },
      willAuthError: () => expiresSoon(),
      didAuthError(error, operation) {
        // Without a token there is nothing to refresh: a wrong password must not be sent twice.
        const token = tokenOf(operation);
        if (!token || !error.graphQLErrors.some(({ extensions }) => extensions.code === "UNAUTHENTICATED")) return false;
        refused = token;
        return true;
      },
      refreshAuth: () => refresh(refused),
    };
  });

function tokenOf({ context: { fetchOptions } }: Operation): string | undefined {
  const options = typeof fetchOptions === "function" ? fetchOptions() : fetchOptions;
  return new Headers(options?.headers).get("Authorization")?.replace("Bearer ", "");
}

/** Drop every list of that name from the cache, so that its next use asks the server. */
function invalidateLists(cache: Cache, field: string, entity: string | { __typename: string; id: string } = "Query"): void {
  for (const { fieldName, arguments: args } of cache.inspectFields(entity)) {
    if (fieldName === field) cache.invalidate(entity, fieldName, args ?? undefined);
  }
}

function idOf(parent: DataFields, field: string): string {
  return (parent[field] as { deletedId: string }).deletedId;
}

const normalizedCache = (): Exchange =>
  cacheExchange({
    keys: {
      Source: () => null,
      Progress: () => null,
      MessageError: () => null,
      Usage: () => null,
      Budget: () => null,
      GoogleAccount: () => null,
      Limit: () => null,
      ServerInfo: () => "only",
      ProposedChange: () => null,
      Change: () => null,
      MessageHit: () => null,
    },
    resolvers: { Query: { conversations: relayPagination() } },
    updates: {
      Mutation: {
        sendMessage: (_result, _args, cache) => invalidateLists(cache, "conversations"),
        restore: (_result, _args, cache) => {
          invalidateLists(cache, "conversations");
          invalidateLists(cache, "tables");
        },
        deleteConversation: (result, _args, cache) => {
          cache.invalidate({ __typename: "Conversation", id: idOf(result, "deleteConversation") });
          invalidateLists(cache, "conversations");
        },
        deleteTable: (result, _args, cache) => {
          cache.invalidate({ __typename: "Table", id: idOf(result, "deleteTable") });
        },
        importTable: (_result, _args, cache) => invalidateLists(cache, "tables"),
        createTable: (_result, _args, cache) => invalidateLists(cache, "tables"),
        applyProposal: (_result, _args, cache) => invalidateLists(cache, "tables"),
        createOrganization: (_result, _args, cache) => invalidateLists(cache, "organizations"),
      },
    },
  });

const options = { url: "/graphql", preferGetMethod: false, fetchOptions: { headers: { "GraphQL-Preflight": "1" } } } as const;

let cached = createCached();

function createCached(): Client {
  return new Client({ ...options, exchanges: [normalizedCache(), authentication(), fetchExchange] });
}

/**
 * Client for everything but rows.
 *
 * Nothing of one person may be shown to the next, so a new session gets a new cache.
 */
export const client = (): Client => cached;

/** Client for rows: the grid holds a window of up to 100,000 of them in its own store, so they are not normalised. */
export const rowsClient = new Client({
  ...options,
  requestPolicy: "network-only",
  exchanges: [authentication(), fetchExchange],
});

export function resetCache(): void {
  cached = createCached();
}

subscribeToSession(() => {
  if (!accessToken()) resetCache();
});
