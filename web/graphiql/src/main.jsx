// The page: GraphiQL with the tour in its tabs.
import "./workers.js";
import "monaco-graphql/esm/monaco-editor.js";
import "@graphiql/react/style.css";
import "@graphiql/plugin-history/style.css";
import "@graphiql/plugin-doc-explorer/style.css";
import "graphiql/graphiql.css";
import "./page.css";

import { GraphiQL, HISTORY_PLUGIN } from "graphiql";
import { createRoot } from "react-dom/client";

import { createFetcher } from "./fetcher.js";
import { Brand, Notice } from "./bar.jsx";
import { defaultHeaders } from "./headers.js";
import * as known from "./known.js";
import { openTab, storage } from "./storage.js";
import { tour } from "./tour.js";

const fetcher = createFetcher(known.learnFrom);
const plugins = [HISTORY_PLUGIN];
const active = openTab() ?? tour[0];

createRoot(document.getElementById("graphiql")).render(
  <GraphiQL
    fetcher={fetcher}
    storage={storage}
    plugins={plugins}
    defaultTabs={tour}
    defaultHeaders={defaultHeaders(known.values().accessToken)}
    initialQuery={active.query ?? ""}
    initialVariables={active.variables ?? ""}
    defaultEditorToolsVisibility="variables"
    shouldPersistHeaders={false}
    inputValueDeprecation
  >
    <GraphiQL.Logo>
      <Brand />
    </GraphiQL.Logo>
    <GraphiQL.Footer>
      <Notice />
    </GraphiQL.Footer>
  </GraphiQL>,
);
