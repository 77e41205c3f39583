/**
 * Session of this browser: one pair of tokens in localStorage, shared by all tabs.
 *
 * A refresh token can be used once, so only one tab may refresh: the one that holds the Web Lock. The others wait for
 * the lock and then read the pair that it stored. Only the server's refusal signs out; a lost connection never does.
 */
import { RefreshSessionDocument, type TokensFragment } from "./signIn/generated";
import { stringifyDocument } from "@urql/core";
import { exclusively } from "../ui/insecure";

const KEY = "sheetgpt.session";
const LOCK = "sheetgpt.refresh";
const PERSON = "sheetgpt.person";
/** Beginning of the keys under which texts are kept that are not sent yet. */
export const DRAFT = "sheetgpt.draft.";
/** Refresh this long before the access token expires, as the clocks of a request's two ends differ. */
const MARGIN_MS = 60_000;
/** Keep the lock this long after storing: other tabs may get the lock before their copy of localStorage changes. */
const STORED_MS = 250;

interface Session {
  accessToken: string;
  refreshToken: string;
  expiresAt: number;
}

const listeners = new Set<() => void>();

export function subscribeToSession(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

// Signing in or out in one tab does the same in the others.
addEventListener("storage", (event) => {
  if (event.key === KEY) listeners.forEach((listener) => listener());
});

function read(): Session | null {
  try {
    return JSON.parse(localStorage.getItem(KEY) ?? "null") as Session | null;
  } catch {
    return null;
  }
}

export function isSignedIn(): boolean {
  return read() !== null;
}

export function accessToken(): string | undefined {
  return read()?.accessToken;
}

/** True after the server has ended the session, until somebody signs in: the form says so. */
export let hasEnded = false;

export function signIn({ accessToken, refreshToken, expiresIn }: TokensFragment, userId: string): void {
  hasEnded = false;
  if (localStorage.getItem(PERSON) !== userId) removeDrafts();
  localStorage.setItem(PERSON, userId);
  store({ accessToken, refreshToken, expiresAt: Date.now() + expiresIn * 1000 });
  listeners.forEach((listener) => listener());
}

export function signOut(): void {
  removeDrafts();
  leave();
}

/** Sign out because the server refuses the session; drafts stay for the same person. */
export function endSession(): void {
  hasEnded = true;
  leave();
}

function leave(): void {
  localStorage.removeItem(KEY);
  listeners.forEach((listener) => listener());
}

/** The next person at this browser must not see what this one has written. */
function removeDrafts(): void {
  Object.keys(localStorage).filter((key) => key.startsWith(DRAFT)).forEach((key) => localStorage.removeItem(key));
}

function store(session: Session): void {
  localStorage.setItem(KEY, JSON.stringify(session));
}

export function expiresSoon(): boolean {
  const session = read();
  return session !== null && session.expiresAt - MARGIN_MS < Date.now();
}

/** Exchange the refresh token, unless another tab did so meanwhile; `refused` is a token that the server has refused. */
export async function refresh(refused?: string): Promise<void> {
  await new Promise<void>((resolve) => {
    void exclusively(LOCK, async () => {
      const isRefreshed = await exchange(refused).finally(resolve);
      if (isRefreshed) await new Promise((release) => setTimeout(release, STORED_MS));
    });
  });
}

async function exchange(refused?: string): Promise<boolean> {
  const session = read();
  if (!session || (session.accessToken !== refused && !expiresSoon())) return false;
  const result = await requestTokens(session.refreshToken);
  if (result === "refused") endSession();
  else if (result) store({ ...result, expiresAt: Date.now() + result.expiresIn * 1000 });
  return true;
}

/** Return a token that is valid for a while, for a socket that connects. */
export async function freshToken(): Promise<string | undefined> {
  if (expiresSoon()) await refresh();
  return accessToken();
}

async function requestTokens(refreshToken: string): Promise<TokensFragment | "refused" | null> {
  try {
    const response = await fetch("/graphql", {
      method: "POST",
      headers: { "content-type": "application/json", accept: "application/json" },
      body: JSON.stringify({ query: stringifyDocument(RefreshSessionDocument), variables: { refreshToken } }),
    });
    const { data, errors } = (await response.json()) as {
      data?: { refreshSession: { session: TokensFragment } } | null;
      errors?: { extensions?: { code?: string } }[];
    };
    if (data) return data.refreshSession.session;
    return errors?.[0]?.extensions?.code === "UNAUTHENTICATED" ? "refused" : null;
  } catch {
    return null; // offline: the next request tries again
  }
}
