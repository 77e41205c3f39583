import { useSyncExternalStore } from "react";

/** Value that components outside of each other share; `use` renders again when it changes. */
export interface Store<Value> {
  get(): Value;
  set(next: Value | ((value: Value) => Value)): void;
  use(): Value;
  subscribe(listener: () => void): () => void;
}

export function createStore<Value>(initial: Value): Store<Value> {
  let value = initial;
  const listeners = new Set<() => void>();
  const get = (): Value => value;
  const subscribe = (listener: () => void): (() => void) => {
    listeners.add(listener);
    return () => listeners.delete(listener);
  };
  return {
    get,
    subscribe,
    set(next) {
      const changed = typeof next === "function" ? (next as (value: Value) => Value)(value) : next;
      if (Object.is(changed, value)) return;
      value = changed;
      listeners.forEach((listener) => listener());
    },
    use: () => useSyncExternalStore(subscribe, get),
  };
}
