import { Paperclip } from "lucide-react";
import { useState } from "react";
import type { MessageItemFragment } from "../api/generated";
import { t } from "../i18n";
import { activeSource, textIdOf } from "../provenance";
import { MarkedText } from "./MarkedText";

type Attachment = MessageItemFragment["attachments"][number];

export function AttachmentView({ attachment }: { attachment: Attachment }) {
  const active = activeSource.use();
  const [isOpen, setOpen] = useState(false);
  const isSource = active !== null && textIdOf(active) === attachment.id;
  return (
    <div className={`attachment ${isSource ? "active" : ""}`}>
      <Paperclip size={14} aria-hidden />
      <a href={attachment.url} download={attachment.name} dir="auto">{attachment.name}</a>
      <span className="hint">{formatSize(attachment.size)}</span>
      {attachment.text && <button type="button" className="link" aria-expanded={isOpen} onClick={() => setOpen(!isOpen)}>{t(isOpen ? "file.hideText" : "file.showText")}</button>}
      {isSource && !isOpen && <q className="quote" dir="auto">{active.quote}</q>}
      {isOpen && attachment.text && <pre className="file-text" tabIndex={0} dir="auto"><MarkedText text={attachment.text} textId={attachment.id} /></pre>}
    </div>
  );
}

export function formatSize(bytes: number): string {
  const units = ["byte", "kilobyte", "megabyte", "gigabyte"] as const;
  const power = Math.min(3, Math.floor(Math.log10(Math.max(bytes, 1)) / 3));
  return new Intl.NumberFormat(undefined, { style: "unit", unit: units[power], maximumFractionDigits: 1, unitDisplay: "short" }).format(bytes / 1000 ** power);
}
