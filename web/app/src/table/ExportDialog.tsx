import { Download, ExternalLink } from "lucide-react";
import { useEffect, useRef, useState } from "react";
import { client } from "../api/client";
import { codeOf, messageOf } from "../api/errors";
import { CancelExportDocument, ConnectGoogleDocument, DeleteExportTemplateDocument, ExportProgressDocument, ExportTemplatesDocument, StartExportDocument, type ExportDestination, type ExportItemFragment, type ExportMode, type TemplateItemFragment } from "../api/generated";
import { stream } from "../api/socket";
import type { Column } from "../grid/types";
import { t } from "../i18n";
import { Dialog } from "../ui/Dialog";
import { Field } from "../ui/Field";
import { attempt } from "../ui/attempt";
import { SelectField } from "../ui/SelectField";
import { SpreadsheetField } from "./SpreadsheetField";
import { TemplateForm } from "./TemplateForm";
import { newKey } from "../ui/insecure";

const FILES: ExportDestination[] = ["XLSX", "CSV", "JSON", "PARQUET", "MARKDOWN"];

export function ExportDialog({ table, columns, onClose }: { table: { id: string; name: string }; columns: Column[]; onClose: () => void }) {
  const [destination, setDestination] = useState<ExportDestination>("XLSX");
  const [templates, setTemplates] = useState<TemplateItemFragment[]>([]);
  const [isMaking, setMaking] = useState(false);
  const [templateId, setTemplateId] = useState("");
  const [sheet, setSheet] = useState({ url: "", name: "", mode: "CREATE" as ExportMode, key: "", keepUpdated: false });
  const [current, setCurrent] = useState<ExportItemFragment | null>(null);
  const [problem, setProblem] = useState<{ text: string; isGoogle: boolean } | null>(null);
  const stop = useRef<(() => void) | null>(null);
  useEffect(() => () => stop.current?.(), []);
  useEffect(() => {
    void client().query(ExportTemplatesDocument, { tableId: table.id }).toPromise().then(({ data }) => setTemplates(data?.exportTemplates.nodes ?? []));
  }, [table.id]);

  const isGoogle = destination === "GOOGLE_SHEETS";
  const fitting = templates.filter((one) => one.destination === destination);

  function onCreated(template: TemplateItemFragment): void {
    setTemplates([...templates, template]);
    setTemplateId(template.id);
    setMaking(false);
  }
  async function removeTemplate(): Promise<void> {
    if (!(await attempt(client().mutation(DeleteExportTemplateDocument, { id: templateId }).toPromise(), t("template.deleted")))) return;
    setTemplates(templates.filter(({ id }) => id !== templateId));
    setTemplateId("");
  }

  async function start(): Promise<void> {
    setProblem(null);
    const google = isGoogle ? {
      mode: sheet.mode, keepUpdated: sheet.keepUpdated,
      spreadsheetId: sheet.mode === "CREATE" ? null : sheet.url, sheetName: sheet.name || null,
      keyColumns: sheet.mode === "UPSERT" && sheet.key ? [sheet.key] : null,
    } : {};
    const input = { tableId: table.id, destination, templateId: templateId || null, idempotencyKey: newKey(), ...google };
    const { data, error } = await client().mutation(StartExportDocument, { input }).toPromise();
    if (!data) return setProblem({ text: messageOf(error!), isGoogle: isGoogle && codeOf(error) !== "BAD_USER_INPUT" });
    setCurrent(data.startExport.export);
    stop.current = stream(ExportProgressDocument, { exportId: data.startExport.export.id }, ({ exportProgress }) => {
      setCurrent(exportProgress);
      if (exportProgress.status === "COMPLETED" && exportProgress.url) download(exportProgress.url);
    });
  }

  async function connect(): Promise<void> {
    const { data, error } = await client().mutation(ConnectGoogleDocument, {}).toPromise();
    if (data) open(data.connectGoogle.authorizationUrl, "_blank", "noopener");
    else setProblem({ text: messageOf(error!), isGoogle: false });
  }

  const isBusy = current?.status === "QUEUED" || current?.status === "RUNNING";
  if (isMaking) {
    return (
      <Dialog key="template" title={t("template.for", { name: t(`destination.${destination}`) })} onClose={() => setMaking(false)} isWide>
        <TemplateForm tableId={table.id} destination={destination} columns={columns} onCreated={onCreated} onCancel={() => setMaking(false)} />
      </Dialog>
    );
  }
  return (
    <Dialog key="export" title={t("export.of", { name: table.name })} onClose={onClose}>
      <form onSubmit={(event) => { event.preventDefault(); void start(); }}>
        <fieldset className="choices" disabled={isBusy}>
          <legend>{t("export.format")}</legend>
          {[...FILES, "GOOGLE_SHEETS" as const].map((one) => (
            <label key={one}><input type="radio" name="destination" checked={destination === one} onChange={() => { setDestination(one); setTemplateId(""); setCurrent(null); }} /> {t(`destination.${one}`)}</label>
          ))}
        </fieldset>
        <div className="row end">
          {fitting.length > 0 && (
            <SelectField label={t("export.template")} value={templateId} onChange={(event) => setTemplateId(event.target.value)}>
              <option value="">{t("export.noTemplate")}</option>
              {fitting.map((one) => <option key={one.id} value={one.id}>{one.name}</option>)}
            </SelectField>
          )}
          {templateId && <button type="button" className="dangerous" onClick={() => void removeTemplate()}>{t("template.delete")}</button>}
          <button type="button" className="link" onClick={() => setMaking(true)}>{t("template.new")}</button>
        </div>
        {isGoogle && <>
          <SelectField label={t("export.mode")} value={sheet.mode} onChange={(event) => setSheet({ ...sheet, mode: event.target.value as ExportMode })}>
              {(["CREATE", "REPLACE", "APPEND", "UPSERT"] as const).map((one) => <option key={one} value={one}>{t(`mode.${one}`)}</option>)}
            </SelectField>
          {sheet.mode !== "CREATE" && <SpreadsheetField value={sheet.url} onChange={(url) => setSheet({ ...sheet, url })} />}
          {sheet.mode === "UPSERT" && (
            <SelectField label={t("export.key")} value={sheet.key} required onChange={(event) => setSheet({ ...sheet, key: event.target.value })}><option value=""></option>{columns.map(({ key, name }) => <option key={key} value={key}>{name}</option>)}</SelectField>
          )}
          <Field label={t("export.sheetName")} value={sheet.name} onChange={(event) => setSheet({ ...sheet, name: event.target.value })} />
          <label className="check"><input type="checkbox" checked={sheet.keepUpdated} onChange={(event) => setSheet({ ...sheet, keepUpdated: event.target.checked })} /> {t("export.keepUpdated")}</label>
        </>}
        <div role="status" aria-live="polite">{current && <Progress current={current} />}</div>
        {problem && <div className="problem" role="alert"><p>{problem.text}</p>{problem.isGoogle && <button type="button" onClick={() => void connect()}>{t("google.connect")}</button>}</div>}
        <footer>
          {isBusy && <button type="button" onClick={() => void client().mutation(CancelExportDocument, { id: current.id }).toPromise()}>{t("cancel")}</button>}
          <button type="submit" className="primary" disabled={isBusy}>{t("export.start")}</button>
        </footer>
      </form>
    </Dialog>
  );
}

function Progress({ current }: { current: ExportItemFragment }) {
  const { done, total } = current.progress;
  if (current.status === "COMPLETED") {
    return (
      <p className="done">✓ {t("export.done", { n: current.rowCount ?? 0 })}{" "}
        {current.url && <a className="button" href={current.url} download><Download size={15} aria-hidden /> {t("download")}</a>}
        {current.spreadsheetUrl && <a className="button" href={current.spreadsheetUrl} target="_blank" rel="noopener noreferrer"><ExternalLink size={15} aria-hidden /> {t("export.openSheet")}</a>}
      </p>
    );
  }
  if (current.status === "FAILED") return <p className="problem">{current.error?.message}</p>;
  if (current.status === "CANCELED") return <p className="hint">{t("export.canceled")}</p>;
  return <label className="field">{t("export.working", { n: done })}<progress value={total ? done : undefined} max={total ?? undefined} /></label>;
}

function download(url: string): void {
  const link = document.createElement("a");
  link.href = url;
  link.download = "";
  link.click();
}
