import { createStore } from "./store";

export type Theme = "system" | "light" | "dark";
const KEY = "sheetgpt.theme";

export const theme = createStore<Theme>((localStorage.getItem(KEY) as Theme | null) ?? "system");

export function chooseTheme(next: Theme): void {
  localStorage.setItem(KEY, next);
  theme.set(next);
  applyTheme();
}

export function applyTheme(): void {
  document.documentElement.dataset.theme = theme.get();
}
