// What answers have taught: the access token and the ids that later tabs need.
// Kept in sessionStorage, so a reload keeps it and closing the browser's tab forgets it.
import { lessons } from "./lessons.js";

const KEY = "sheetgpt:known";
const listeners = new Set();
let current = JSON.parse(sessionStorage.getItem(KEY) ?? "{}");

/** The text that stands in a variable until its value is known. */
export const placeholder = (name) => `PASTE-${name}-HERE`;

export const values = () => current;

/** Calls `listener({ before, after, result })` for each answer; returns the function that ends it. */
export function listen(listener) {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

export function learnFrom(result) {
  if (result?.data?.__schema) return; // GraphiQL asked for this one, not a person
  const before = current;
  current = { ...before, ...lessons(result?.data ?? {}, before) };
  sessionStorage.setItem(KEY, JSON.stringify(current));
  for (const listener of listeners) listener({ before, after: current, result });
}

export function forget() {
  sessionStorage.removeItem(KEY);
}
