// What GraphiQL keeps between visits: localStorage, with every bearer token masked.
import { TOKEN_PLACEHOLDER } from "./headers.js";

const PREFIX = "graphiql:";
let isLeaving = false;

const ours = () => Object.keys(localStorage).filter((key) => key.startsWith(PREFIX));

export const storage = {
  getItem: (key) => localStorage.getItem(key),
  setItem: (key, value) => isLeaving || localStorage.setItem(key, masked(value)),
  removeItem: (key) => localStorage.removeItem(key),
  clear: () => ours().forEach((key) => localStorage.removeItem(key)),
  get length() {
    return ours().length;
  },
};

/** The tab that was open at the last visit; undefined on the first. */
export function openTab() {
  const { tabs, activeTabIndex } = JSON.parse(localStorage.getItem(`${PREFIX}tabState`) ?? "{}");
  return tabs?.[activeTabIndex];
}

/** Before a reload: tabs and editors start afresh; the theme and the history stay. */
export function clearTabs() {
  // GraphiQL writes half a second late: such a write would bring the old tabs back.
  isLeaving = true;
  for (const name of ["tabState", "query", "variables", "headers"]) localStorage.removeItem(PREFIX + name);
}

const masked = (value) => value.replace(/(Bearer\s+)[\w.~+/=-]+/g, `$1${TOKEN_PLACEHOLDER}`);
