import { useState } from "react";
import { client } from "../api/client";
import { messageOf } from "../api/errors";
import { ImportTableDocument, type ImportTableInput, type ImportTableMutation } from "../api/generated";
import { TYPE_SYMBOLS } from "../grid/columnTypes";
import { t } from "../i18n";
import { Dialog } from "../ui/Dialog";
import { Field } from "../ui/Field";
import { proposedText } from "./review";
import { newKey } from "../ui/insecure";

type Preview = ImportTableMutation["importTable"];
interface Props { conversationId: string | null; onClose: () => void; onImported: (tableId: string) => void }

/** Import in two steps: the server reads the file without writing anything, and the person corrects how it was read. */
export function ImportDialog({ conversationId, onClose, onImported }: Props) {
  const [file, setFile] = useState<File | null>(null);
  const [text, setText] = useState("");
  const [sheetUrl, setSheetUrl] = useState("");
  const [name, setName] = useState("");
  const [choices, setChoices] = useState<Pick<ImportTableInput, "encoding" | "delimiter" | "headerRow" | "decimalMark">>({});
  const [skipsInvalid, setSkipsInvalid] = useState(false);
  const [preview, setPreview] = useState<Preview | null>(null);
  const [problem, setProblem] = useState<string | null>(null);
  const [isBusy, setBusy] = useState(false);

  async function send(dryRun: boolean, changed = choices, chosen = file): Promise<void> {
    setBusy(true);
    setProblem(null);
    const source = chosen ? { file: chosen } : sheetUrl ? { googleSheet: { url: sheetUrl.trim() } } : { text };
    const onError = skipsInvalid ? ("SKIP_INVALID" as const) : ("REJECT_ALL" as const);
    const input: ImportTableInput = { ...source, ...changed, name: name || null, conversationId, onError, dryRun, idempotencyKey: dryRun ? null : newKey() };
    const { data, error } = await client().mutation(ImportTableDocument, { input }).toPromise();
    setBusy(false);
    if (!data) return setProblem(messageOf(error!));
    setPreview(data.importTable);
    if (!dryRun && data.importTable.table) onImported(data.importTable.table.id);
  }

  function change(changed: typeof choices): void {
    const next = { ...choices, ...changed };
    setChoices(next);
    void send(true, next);
  }

  const isReady = file !== null || sheetUrl.trim() !== "" || text.trim() !== "";
  return (
    <Dialog title={t("import.title")} onClose={onClose} isWide>
      <form onSubmit={(event) => { event.preventDefault(); void send(preview === null); }}>
        <div className="drop" onDragOver={(event) => event.preventDefault()} onDrop={(event) => { event.preventDefault(); const dropped = event.dataTransfer.files[0]; if (dropped) { setFile(dropped); void send(true, choices, dropped); } }}>
          <Field label={t("import.file")} type="file" accept=".csv,.tsv,.txt,.xlsx,.ods,.json,.jsonl,.md,.html,.htm,.pdf" onChange={(event) => { const chosen = event.target.files?.[0] ?? null; setFile(chosen); setPreview(null); if (chosen) void send(true, choices, chosen); }} />
        </div>
        {!file && !text && <Field label={t("import.sheet")} type="url" placeholder="https://docs.google.com/spreadsheets/d/…" value={sheetUrl} onChange={(event) => { setSheetUrl(event.target.value); setPreview(null); }} />}
        {!file && !sheetUrl && <label className="field">{t("import.text")}<textarea rows={5} value={text} dir="auto" onChange={(event) => { setText(event.target.value); setPreview(null); }} /></label>}
        {preview && <>
          <div className="columns">
            <Field label={t("name")} value={name} placeholder={file?.name.replace(/\.\w+$/, "")} dir="auto" onChange={(event) => setName(event.target.value)} />
            {preview.encoding && <Field label={t("import.encoding")} defaultValue={preview.encoding} onBlur={(event) => { if (event.target.value !== preview.encoding) change({ encoding: event.target.value }); }} />}
            {preview.delimiter && <Field label={t("import.delimiter")} defaultValue={preview.delimiter === "\t" ? "\\t" : preview.delimiter} onBlur={(event) => { const value = event.target.value.replace("\\t", "\t"); if (value && value !== preview.delimiter) change({ delimiter: value }); }} />}
            <Field label={t("import.headerRow")} type="number" min={0} defaultValue={preview.headerRow ?? 0} onBlur={(event) => { const value = Number(event.target.value); if (value !== (preview.headerRow ?? 0)) change({ headerRow: value }); }} />
          </div>
          <p role="status">{t("import.found", { n: preview.rowCount })} · {preview.format}{preview.sheet && ` · ${preview.sheet}`}</p>
          {preview.notes.map((note) => <p key={note} className="note" dir="auto">{note}</p>)}
          <div className="scroll-x" tabIndex={0} role="region" aria-label={t("import.preview")}>
            <table className="preview">
              <thead><tr>{preview.columns.map(({ key, name, type }) => <th key={key} scope="col"><span className="type" title={t(`type.${type}`)}>{TYPE_SYMBOLS[type]}</span> <span dir="auto">{name}</span></th>)}</tr></thead>
              <tbody>{preview.samples.slice(0, 8).map((sample, index) => <tr key={index}>{preview.columns.map(({ key, name }) => { const row = sample as Record<string, unknown>; return <td key={key} dir="auto">{proposedText(row[key] ?? row[name])}</td>; })}</tr>)}</tbody>
            </table>
          </div>
          {preview.rejectedCount > 0 && (
            <div className="problem" role="alert">
              <p>{t("import.rejected", { n: preview.rejectedCount })}</p>
              <ul>{preview.rejected.slice(0, 5).map(({ index, fieldErrors }) => <li key={index}>{t("import.row", { n: index + 1 })}: {fieldErrors.map(({ message }) => message).join(" ")}</li>)}</ul>
              <label className="check"><input type="checkbox" checked={skipsInvalid} onChange={(event) => setSkipsInvalid(event.target.checked)} /> {t("import.skip")}</label>
            </div>
          )}
        </>}
        {isBusy && <p className="hint" role="status">{t("import.busy")}</p>}
        {problem && <p className="problem" role="alert">{problem}</p>}
        <footer><button type="button" onClick={onClose}>{t("cancel")}</button><button type="submit" className="primary" disabled={!isReady || isBusy}>{t(preview ? "import.start" : "import.preview")}</button></footer>
      </form>
    </Dialog>
  );
}
