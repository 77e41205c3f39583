import { useState } from "react";
import type { FilterOp, RowFilter } from "../api/generated";
import type { Column } from "../grid/types";
import { t } from "../i18n";
import { Dialog } from "../ui/Dialog";
import { Field } from "../ui/Field";
import { SelectField } from "../ui/SelectField";

const TEXT_OPS: FilterOp[] = ["CONTAINS", "STARTS_WITH", "EQ", "NE", "IS_EMPTY"];
const ORDERED_OPS: FilterOp[] = ["EQ", "NE", "GT", "GTE", "LT", "LTE", "IS_EMPTY"];
const ORDERED = new Set<Column["type"]>(["INTEGER", "DECIMAL", "CURRENCY", "PERCENT", "DATE", "DATETIME"]);

interface Props { column: Column; filter: RowFilter | null; onChange: (filter: RowFilter | null) => Promise<string | null>; onClose: () => void }

export function FilterDialog({ column, filter, onChange, onClose }: Props) {
  const ops: FilterOp[] = column.type === "BOOLEAN" ? ["EQ", "IS_EMPTY"] : ORDERED.has(column.type) ? ORDERED_OPS : TEXT_OPS;
  const [op, setOp] = useState<FilterOp>(filter?.op ?? ops[0]!);
  const [value, setValue] = useState(filter?.value === undefined || filter.value === null ? "" : String(filter.value));
  const needsValue = op !== "IS_EMPTY";
  const [problem, setProblem] = useState<string | null>(null);
  async function apply(): Promise<void> {
    const typed = column.type === "BOOLEAN" ? value !== "false" : value;
    setProblem(await onChange({ column: column.key, op, value: needsValue ? typed : true }));
  }
  return (
    <Dialog title={t("filter.title", { name: column.name })} onClose={onClose}>
      <form onSubmit={(event) => { event.preventDefault(); void apply(); }}>
        <SelectField label={t("filter.condition")} value={op} onChange={(event) => setOp(event.target.value as FilterOp)}>{ops.map((one) => <option key={one} value={one}>{t(`op.${one}`)}</option>)}</SelectField>
        {needsValue && (column.type === "BOOLEAN"
          ? <SelectField label={t("filter.value")} value={value} onChange={(event) => setValue(event.target.value)}><option value="true">{t("grid.yes")}</option><option value="false">{t("grid.no")}</option></SelectField>
          : <Field label={t("filter.value")} value={value} problem={problem} required dir="auto" onChange={(event) => setValue(event.target.value)} />)}
        <footer>{filter && <button type="button" onClick={() => void onChange(null)}>{t("filter.clear")}</button>}<button type="submit" className="primary">{t("filter.apply")}</button></footer>
      </form>
    </Dialog>
  );
}
