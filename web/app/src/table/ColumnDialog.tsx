import { useState } from "react";
import { client } from "../api/client";
import { fieldErrorsOf, messageOf } from "../api/errors";
import { AddColumnDocument, UpdateColumnDocument, type ColumnType } from "../api/generated";
import { COLUMN_TYPES } from "../grid/columnTypes";
import type { RowStore } from "../grid/rowStore";
import type { Column } from "../grid/types";
import { t } from "../i18n";
import { Dialog } from "../ui/Dialog";
import { Field } from "../ui/Field";
import { SelectField } from "../ui/SelectField";

interface Props { tableId: string; column: Column | null; position: number | null; store: RowStore; onClose: () => void }

/** A new column, or another name or type of an existing one. Cells that do not fit the type are listed, and nothing changes. */
export function ColumnDialog({ tableId, column, position, store, onClose }: Props) {
  const [name, setName] = useState(column?.name ?? "");
  const [type, setType] = useState<ColumnType>(column?.type ?? "TEXT");
  const [options, setOptions] = useState((column?.options ?? []).join(", "));
  const [isRequired, setRequired] = useState(column?.isRequired ?? false);
  const [isUnique, setUnique] = useState(column?.isUnique ?? false);
  const [problems, setProblems] = useState<string[]>([]);
  const hasOptions = type === "SELECT" || type === "MULTI_SELECT";

  async function save(): Promise<void> {
    const list = hasOptions && options.trim() ? options.split(",").map((one) => one.trim()).filter(Boolean) : null;
    const fields = { name: name.trim(), type, isRequired, isUnique, options: list };
    const change = { name: fields.name, ...(type !== column?.type && { type }), isRequired, isUnique, ...(hasOptions && { options: list }) };
    const result = column
      ? await client().mutation(UpdateColumnDocument, { input: { tableId, key: column.key, ...change } }).toPromise()
      : await client().mutation(AddColumnDocument, { input: { tableId, column: fields, position } }).toPromise();
    if (result.error) return setProblems([messageOf(result.error), ...fieldErrorsOf(result.error).slice(0, 8).map(({ message }) => message)]);
    const payload = result.data as { updateColumn?: { revision: { number: number } | null }; addColumn?: { revision: { number: number } } };
    const revision = (payload.updateColumn ?? payload.addColumn)?.revision?.number;
    if (revision) store.recordRevision(revision);
    await store.reload();
    onClose();
  }

  return (
    <Dialog title={t(column ? "column.change" : "column.add")} onClose={onClose}>
      <form onSubmit={(event) => { event.preventDefault(); void save(); }}>
        <Field label={t("name")} value={name} required maxLength={100} dir="auto" onChange={(event) => setName(event.target.value)} />
        <SelectField label={t("column.type")} value={type} onChange={(event) => setType(event.target.value as ColumnType)}>{COLUMN_TYPES.map((one) => <option key={one} value={one}>{t(`type.${one}`)}</option>)}</SelectField>
        {hasOptions && <Field label={t("column.options")} value={options} dir="auto" onChange={(event) => setOptions(event.target.value)} />}
        <label className="check"><input type="checkbox" checked={isRequired} onChange={(event) => setRequired(event.target.checked)} /> {t("column.required")}</label>
        <label className="check"><input type="checkbox" checked={isUnique} onChange={(event) => setUnique(event.target.checked)} /> {t("column.unique")}</label>
        {problems.length > 0 && <div className="problem" role="alert">{[...new Set(problems)].map((problem) => <p key={problem}>{problem}</p>)}</div>}
        <footer><button type="button" onClick={onClose}>{t("cancel")}</button><button type="submit" className="primary">{t("save")}</button></footer>
      </form>
    </Dialog>
  );
}
