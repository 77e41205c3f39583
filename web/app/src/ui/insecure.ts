/** What browsers have only on HTTPS and on this machine, done otherwise where a server is opened by plain HTTP. */
import { t } from "../i18n";
import { toast } from "./Toasts";

/** Key of one attempt, so that the server does repeated requests once. */
export function newKey(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

export async function copy(text: string): Promise<void> {
  if (navigator.clipboard) await navigator.clipboard.writeText(text);
  else copyByCommand(text);
  toast(t("copied"));
}

function copyByCommand(text: string): void {
  const write = (event: ClipboardEvent): void => {
    event.preventDefault();
    event.clipboardData?.setData("text/plain", text);
  };
  addEventListener("copy", write, { once: true, capture: true });
  document.execCommand("copy");
  removeEventListener("copy", write, { capture: true });
}

/** Run in one tab at a time where there are locks. Without, the server takes the same refresh token from two tabs. */
export async function exclusively(name: string, run: () => Promise<void>): Promise<void> {
  if (navigator.locks) await navigator.locks.request(name, run);
  else await run();
}
