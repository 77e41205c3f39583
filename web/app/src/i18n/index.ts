/** Messages of the page. `en.ts` names them all; another language that lacks one does not compile. */
import { createStore } from "../ui/store";
import { ar } from "./ar";
import { en } from "./en";

export type Messages = Record<keyof typeof en, string>;
type Key = keyof typeof en;

const LANGUAGES: Record<string, { name: string; messages: Messages; direction: "ltr" | "rtl" }> = {
  en: { name: "English", messages: en, direction: "ltr" },
  ar: { name: "العربية", messages: ar, direction: "rtl" },
};
const KEY = "sheetgpt.language";

function preferred(): string {
  const wishes = [localStorage.getItem(KEY), ...navigator.languages].map((tag) => tag?.split("-")[0] ?? "");
  return wishes.find((tag) => tag in LANGUAGES) ?? "en";
}

export const language = createStore(preferred());
const current = () => LANGUAGES[language.get()]!;

function apply(): void {
  document.documentElement.lang = language.get();
  document.documentElement.dir = current().direction;
}
apply();
language.subscribe(apply);

export const languageNames = Object.entries(LANGUAGES).map(([tag, { name }]) => ({ tag, name }));
export const isRightToLeft = (): boolean => current().direction === "rtl";

export function chooseLanguage(tag: string): void {
  localStorage.setItem(KEY, tag);
  language.set(tag);
}

/**
 * Return the message with its `{names}` filled in.
 *
 * Forms for numbers stand in one message, separated by bars: "one: {n} row | other: {n} rows", with the categories of
 * Intl.PluralRules.
 */
export function t(key: Key, values: Record<string, string | number> = {}): string {
  const text = current().messages[key];
  const form = typeof values.n === "number" && text.includes(": ") && text.includes(" | ") ? plural(text, values.n) : text;
  return form.replace(/\{(\w+)\}/g, (_, name: string) => {
    const value = values[name];
    return typeof value === "number" ? value.toLocaleString(language.get()) : (value ?? "");
  });
}

function plural(text: string, n: number): string {
  const forms = new Map(text.split(" | ").map((form) => [form.slice(0, form.indexOf(": ")), form.slice(form.indexOf(": ") + 2)]));
  return forms.get(new Intl.PluralRules(language.get()).select(n)) ?? forms.get("other") ?? text;
}

export function formatTime(value: string): string {
  const date = new Date(value);
  const isToday = date.toDateString() === new Date().toDateString();
  return new Intl.DateTimeFormat(language.get(), isToday ? { timeStyle: "short" } : { dateStyle: "medium", timeStyle: "short" }).format(date);
}

export function formatDay(value: string): string {
  return new Intl.DateTimeFormat(language.get(), { dateStyle: "medium" }).format(new Date(value));
}
