import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { App } from "./App";
import { applyTheme } from "./ui/theme";

applyTheme();
createRoot(document.getElementById("app")!).render(<StrictMode><App /></StrictMode>);
