import { ArrowDown, ArrowUp } from "lucide-react";
import { useState } from "react";
import { client } from "../api/client";
import { messageOf } from "../api/errors";
import { CreateExportTemplateDocument, type ExportDestination, type TemplateItemFragment, type Visibility } from "../api/generated";
import type { Column } from "../grid/types";
import { t } from "../i18n";
import { Field } from "../ui/Field";
import { newKey } from "../ui/insecure";
import { SelectField } from "../ui/SelectField";

interface Choice { key: string; name: string; isIncluded: boolean; header: string; format: string }
interface Props { tableId: string; destination: ExportDestination; columns: Column[]; onCreated: (template: TemplateItemFragment) => void; onCancel: () => void }

/** A new template: columns of the export in their order, each with its header and number format. */
export function TemplateForm({ tableId, destination, columns, onCreated, onCancel }: Props) {
  const [name, setName] = useState("");
  const [choices, setChoices] = useState<Choice[]>(() => columns.map(({ key, name }) => ({ key, name, isIncluded: true, header: "", format: "" })));
  const [options, setOptions] = useState({ includeHeader: true, freezeHeader: true, visibility: "PRIVATE" as Visibility });
  const [problem, setProblem] = useState<string | null>(null);
  const included = choices.filter(({ isIncluded }) => isIncluded);

  const change = (index: number, part: Partial<Choice>): void => setChoices(choices.map((one, i) => (i === index ? { ...one, ...part } : one)));
  function move(index: number, step: number): void {
    const next = [...choices];
    const [moved] = next.splice(index, 1);
    next.splice(index + step, 0, moved!);
    setChoices(next);
  }

  async function create(): Promise<void> {
    const chosen = included.map(({ key, header, format }) => ({ column: key, header: header || null, format: format || null }));
    const input = { tableId, destination, name, columns: chosen, ...options, idempotencyKey: newKey() };
    const { data, error } = await client().mutation(CreateExportTemplateDocument, { input }).toPromise();
    if (data) onCreated(data.createExportTemplate.exportTemplate);
    else setProblem(messageOf(error!));
  }

  return (
    <form onSubmit={(event) => { event.preventDefault(); void create(); }}>
      <Field label={t("template.name")} value={name} required maxLength={100} dir="auto" onChange={(event) => setName(event.target.value)} />
      <div className="scroll-x" tabIndex={0} role="region" aria-label={t("template.columns")}>
        <table className="preview">
          <thead><tr><th scope="col">{t("template.columns")}</th><th scope="col">{t("template.header")}</th><th scope="col">{t("template.format")}</th><th scope="col"><span className="hidden">{t("template.order")}</span></th></tr></thead>
          <tbody>
            {choices.map((choice, index) => (
              <tr key={choice.key}>
                <td><label className="check"><input type="checkbox" checked={choice.isIncluded} onChange={(event) => change(index, { isIncluded: event.target.checked })} /> <span dir="auto">{choice.name}</span></label></td>
                <td><input value={choice.header} placeholder={choice.name} maxLength={200} dir="auto" aria-label={t("template.headerOf", { name: choice.name })} onChange={(event) => change(index, { header: event.target.value })} /></td>
                <td><input value={choice.format} placeholder="#,##0.00" aria-label={t("template.formatOf", { name: choice.name })} onChange={(event) => change(index, { format: event.target.value })} /></td>
                <td className="nowrap">
                  <button type="button" className="icon-button" disabled={index === 0} aria-label={t("template.up", { name: choice.name })} onClick={() => move(index, -1)}><ArrowUp size={15} aria-hidden /></button>
                  <button type="button" className="icon-button" disabled={index === choices.length - 1} aria-label={t("template.down", { name: choice.name })} onClick={() => move(index, 1)}><ArrowDown size={15} aria-hidden /></button>
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      <label className="check"><input type="checkbox" checked={options.includeHeader} onChange={(event) => setOptions({ ...options, includeHeader: event.target.checked })} /> {t("template.includeHeader")}</label>
      <label className="check"><input type="checkbox" checked={options.freezeHeader} onChange={(event) => setOptions({ ...options, freezeHeader: event.target.checked })} /> {t("template.freezeHeader")}</label>
      <SelectField label={t("share.visibility")} value={options.visibility} onChange={(event) => setOptions({ ...options, visibility: event.target.value as Visibility })}>{(["PRIVATE", "ORGANIZATION"] as const).map((one) => <option key={one} value={one}>{t(`visibility.${one}`)}</option>)}</SelectField>
      {problem && <p className="problem" role="alert">{problem}</p>}
      <footer><button type="button" onClick={onCancel}>{t("cancel")}</button><button type="submit" className="primary" disabled={!included.length}>{t("template.save")}</button></footer>
    </form>
  );
}
