import { useRef } from "react";

/** Return the last value that was there for this key: a request that fails offline must not empty the page. */
export function useLatest<Value>(value: Value | undefined, key: string): Value | undefined {
  const latest = useRef({ key, value });
  if (value !== undefined || latest.current.key !== key) latest.current = { key, value };
  return latest.current.value;
}
