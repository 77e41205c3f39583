/** Changes made in other tabs and by other people, which make lists ask the server again. */
import { client } from "../api/client";
import { ActivityCursorDocument, ActivityStreamDocument } from "../api/generated";
import { stream } from "../api/socket";
import { createStore } from "../ui/store";

/** Number of times that objects of a type changed; a burst counts once. */
export const activity = createStore<Readonly<Record<string, number>>>({});

const BURST_MS = 400;

/** Follow until the returned function is called. The cursor is read first, so no change between falls through. */
export function followActivity(): () => void {
  let stop: (() => void) | null = null;
  let isOver = false;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const changed = new Set<string>();
  const count = (): void => {
    activity.set((old) => ({ ...old, ...Object.fromEntries([...changed].map((type) => [type, (old[type] ?? 0) + 1])) }));
    changed.clear();
  };
  void client().query(ActivityCursorDocument, {}, { requestPolicy: "network-only" }).toPromise().then(({ data }) => {
    let after = data?.activityCursor ?? null;
    if (isOver || after === null) return;
    stop = stream(ActivityStreamDocument, { get after() { return after; } }, ({ activity: event }) => {
      after = event.cursor;
      changed.add(event.nodeType);
      clearTimeout(timer);
      timer = setTimeout(count, BURST_MS);
    });
  });
  return () => {
    isOver = true;
    clearTimeout(timer);
    stop?.();
  };
}
