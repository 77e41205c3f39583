import { ClipboardPaste, FileSpreadsheet, MousePointerClick } from "lucide-react";
import { t } from "../i18n";

const EXAMPLES = [
  {
    title: "welcome.expenses",
    text: "My expenses in Milan:\n\n| Date | What | Category | Amount |\n|---|---|---|---:|\n| 2026-03-03 | Taxi | Travel | €81.40 |\n| 2026-03-03 | Hotel, two nights | Lodging | €312.00 |\n| 2026-03-04 | Lunch, two customers | Meals | €64.50 |\n\nThe taxi receipt was hard to read: please check it.",
  },
  {
    title: "welcome.stock",
    text: "Stock count this morning:\n\nItem; Warehouse; Units; Reorder\nPump seal 40 mm; North; 112; no\nFilter cartridge; North; 18; yes\nHose 3 m; South; 64; no\nValve DN25; South; 7; yes",
  },
  {
    title: "welcome.contacts",
    text: "Name: Mina Okafor\nCompany: Lindqvist AB\nE-mail: mina@lindqvist.example\nCall back: 2026-05-12\n\nName: Jonas Weber\nCompany: Weber & Sohn\nE-mail: jonas@weber.example\nCall back: 2026-05-14\n\nName: Aisha Rahman\nCompany: Delta Foods\nE-mail: aisha@delta.example\nCall back: 2026-05-19",
  },
] as const;

const STEPS = [
  { icon: ClipboardPaste, text: "welcome.paste" },
  { icon: FileSpreadsheet, text: "welcome.table" },
  { icon: MousePointerClick, text: "welcome.check" },
] as const;

/** What a new conversation shows: what the product does, and texts to try it with. */
export function Welcome({ onChoose }: { onChoose: (text: string) => void }) {
  return (
    <div className="welcome">
      <h2 className="title">{t("welcome.title")}</h2>
      <ol className="steps">
        {STEPS.map(({ icon: Icon, text }) => <li key={text}><Icon size={20} aria-hidden /><span>{t(text)}</span></li>)}
      </ol>
      <h3>{t("welcome.try")}</h3>
      <div className="examples">
        {EXAMPLES.map(({ title, text }) => (
          <button key={title} type="button" onClick={() => onChoose(text)}>
            <strong>{t(title)}</strong>
            <span aria-hidden="true">{text.slice(0, 120)}…</span>
          </button>
        ))}
      </div>
    </div>
  );
}
