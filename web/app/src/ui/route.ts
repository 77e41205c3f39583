/** Address of what is shown, in the fragment: `#/c/<conversation>/t/<table>` or `#/t/<table>`. */
import { createStore } from "./store";

export interface Route { conversationId: string | null; tableId: string | null }

function read(): Route {
  return {
    conversationId: /\/c\/([\w=-]+)/.exec(location.hash)?.[1] ?? null,
    tableId: /\/t\/([\w=-]+)/.exec(location.hash)?.[1] ?? null,
  };
}

export const route = createStore<Route>(read());
addEventListener("hashchange", () => route.set(read()));

export function go({ conversationId = null, tableId = null }: Partial<Route>, replaces = false): void {
  const hash = `#${conversationId ? `/c/${conversationId}` : ""}${tableId ? `/t/${tableId}` : ""}`;
  if (replaces) {
    history.replaceState(null, "", hash);
    route.set(read());
  } else location.hash = hash;
}
