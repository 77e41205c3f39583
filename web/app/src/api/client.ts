/** The urql client with the normalised cache, for everything but signing in and the rows of the grid. */
import { Client, fetchExchange, type Exchange } from "@urql/core";
import { cacheExchange, type Cache, type DataFields } from "@urql/exchange-graphcache";
import { relayPagination } from "@urql/exchange-graphcache/extras";
import { accessToken, subscribeToSession } from "./session";
import { authentication, options } from "./uncached";

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
      Reading: () => null,
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

export function resetCache(): void {
  cached = createCached();
}

subscribeToSession(() => {
  if (!accessToken()) resetCache();
});
