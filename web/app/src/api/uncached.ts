/** The urql client without a cache: signing in, and the rows of the grid, which keeps up to 100,000 in its own store. */
import { Client, fetchExchange, type Exchange, type Operation } from "@urql/core";
import { authExchange } from "@urql/exchange-auth";
import { accessToken, expiresSoon, refresh } from "./session";

export const authentication = (): Exchange =>
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

export const options = { url: "/graphql", preferGetMethod: false, fetchOptions: { headers: { "GraphQL-Preflight": "1" } } } as const;

export const uncachedClient = new Client({
  ...options,
  requestPolicy: "network-only",
  exchanges: [authentication(), fetchExchange],
});
