/** Messages of the page. `en.ts` names them all; another language that lacks one does not compile. */
import { createStore } from "../ui/store";
import { en } from "./en";

export type Messages = Record<keyof typeof en, string>;
type Key = keyof typeof en;

interface Language { name: string; direction: "ltr" | "rtl"; load: () => Promise<Messages> }

const LANGUAGES: Record<string, Language> = {
  en: { name: "English", direction: "ltr", load: async () => en },
  ar: { name: "العربية", direction: "rtl", load: async () => (await import("./ar")).ar },
};
const KEY = "sheetgpt.language";

function preferred(): string {
  const wishes = [localStorage.getItem(KEY), ...navigator.languages].map((tag) => tag?.split("-")[0] ?? "");
  return wishes.find((tag) => tag in LANGUAGES) ?? "en";
}

let messages: Messages = en;
export const language = createStore("en");
const current = () => LANGUAGES[language.get()]!;

async function load(tag: string): Promise<void> {
  messages = await LANGUAGES[tag]!.load();
  language.set(tag);
  apply();
}

function apply(): void {
  document.documentElement.lang = language.get();
  document.documentElement.dir = current().direction;
}
// Nothing is drawn before the messages are there. Without them, in English.
await load(preferred()).catch(apply);

export const languageNames = Object.entries(LANGUAGES).map(([tag, { name }]) => ({ tag, name }));
export const isRightToLeft = (): boolean => current().direction === "rtl";

export function chooseLanguage(tag: string): void {
  void load(tag).then(() => localStorage.setItem(KEY, tag), () => undefined);
}

/**
 * Return the message with its `{names}` filled in.
 *
 * Forms for numbers stand in one message, separated by bars: "one: {n} row | other: {n} rows", with the categories of
 * Intl.PluralRules.
 */
export function t(key: Key, values: Record<string, string | number> = {}): string {
  const text = messages[key];
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
