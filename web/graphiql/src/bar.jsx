// What SheetGPT adds to the page: its name, the way back to the start, and a line of notices.
import { Button, pick, useGraphiQL, useGraphiQLActions } from "@graphiql/react";
import { useEffect, useRef, useState } from "react";

import { filled } from "./fill.js";
import * as known from "./known.js";
import { noticeOf, welcome } from "./notices.js";
import { clearTabs } from "./storage.js";

export function Brand() {
  return (
    <>
      <span className="brand">SheetGPT</span>
      <Button type="button" onClick={startAgain}>
        Start the tour again
      </Button>
    </>
  );
}

function startAgain() {
  if (!confirm("Start the tour again? This closes all tabs and forgets the token.")) return;
  clearTabs();
  known.forget();
  location.reload();
}

export function Notice() {
  const [notice, setNotice] = useState(welcome);
  const fill = useFill();
  useEffect(
    () =>
      known.listen((event) => {
        fill(event.before, event.after);
        setNotice(noticeOf(event));
      }),
    [fill],
  );
  if (!notice) return null;
  return (
    <p className="notice" role="status">
      {notice.text} {notice.link && <a href={notice.link}>Download it</a>}
    </p>
  );
}

/** A stable function that fills every tab; it also runs for each tab that is opened. */
function useFill() {
  const state = useGraphiQL(pick("tabs", "activeTabIndex", "headerEditor", "variableEditor"));
  const { updateActiveTabValues } = useGraphiQLActions();
  const latest = useRef(state);
  latest.current = state;
  const { current: fill } = useRef((before, after) => {
    const { tabs, activeTabIndex, headerEditor, variableEditor } = latest.current;
    if (!headerEditor || !variableEditor) return;
    // Tabs that are not open show nothing of their headers and variables: they are changed in place.
    tabs.forEach((tab, index) => index !== activeTabIndex && Object.assign(tab, filled(tab, before, after)));
    const texts = { headers: headerEditor.getValue(), variables: variableEditor.getValue() };
    const values = filled(texts, before, after);
    if (values.headers !== texts.headers) headerEditor.setValue(values.headers);
    if (values.variables !== texts.variables) variableEditor.setValue(values.variables);
    updateActiveTabValues(values);
  });
  const { length } = state.tabs;
  useEffect(() => fill(known.values(), known.values()), [fill, length, state.headerEditor]);
  return fill;
}
