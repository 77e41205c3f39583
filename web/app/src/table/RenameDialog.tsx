import { useState } from "react";
import { t } from "../i18n";
import { Dialog } from "../ui/Dialog";
import { Field } from "../ui/Field";

export function RenameDialog({ title, name, onSave, onClose }: { title: string; name: string; onSave: (name: string) => Promise<string | null>; onClose: () => void }) {
  const [value, setValue] = useState(name);
  const [problem, setProblem] = useState<string | null>(null);
  async function save(): Promise<void> {
    const message = await onSave(value.trim());
    if (message) setProblem(message);
    else onClose();
  }
  return (
    <Dialog title={title} onClose={onClose}>
      <form onSubmit={(event) => { event.preventDefault(); void save(); }}>
        <Field label={t("name")} value={value} problem={problem} maxLength={200} required dir="auto" onChange={(event) => setValue(event.target.value)} />
        <footer><button type="button" onClick={onClose}>{t("cancel")}</button><button type="submit" className="primary">{t("save")}</button></footer>
      </form>
    </Dialog>
  );
}
