import { rangeOf, isSingle, type Selection } from "../grid/selection";
import type { RowStore } from "../grid/rowStore";
import { isNumeric, type Column } from "../grid/types";
import { language, t } from "../i18n";
import { SYMBOLS, trustOf } from "../provenance";

const LIMIT = 200_000;

/** Below the grid: where the focused cell came from, or the summary of the selected cells. */
export function SelectionBar({ store, columns, selection }: { store: RowStore; columns: Column[]; selection: Selection }) {
  const count = <span>{store.isLoaded ? t("table.rows", { n: store.total }) : t("loading")}</span>;
  if (!isSingle(selection)) return <div className="selection-bar" role="status">{summary(store, columns, selection)}{count}</div>;
  const column = columns[selection.focus.column];
  const cell = column && store.at(selection.focus.row)?.cells.get(column.key);
  const trust = cell && cell.value !== null ? trustOf(cell) : "none";
  return (
    <div className="selection-bar" role="status">
      {trust !== "none" && cell && (
        <span className={`origin trust-${trust}`}>
          <span aria-hidden="true">{SYMBOLS[trust]}</span> {t(`trust.${trust}`)}
          {trust === "edited" ? <>: <span dir="auto">{cell.editedBy?.name}</span></> : cell.source && <>: <q dir="auto">{cell.source.quote.slice(0, 120)}</q>{cell.source.attachment && <> · <span dir="auto">{cell.source.attachment.name}</span></>}</>}
        </span>
      )}
      {count}
    </div>
  );
}

function summary(store: RowStore, columns: Column[], selection: Selection) {
  const { top, bottom, left, right } = rangeOf(selection);
  if ((bottom - top + 1) * (right - left + 1) > LIMIT) return null;
  const numbers: number[] = [];
  let filled = 0;
  for (const row of store.between(top, bottom)) {
    for (const column of columns.slice(left, right + 1)) {
      const value = row.cells.get(column.key)?.value;
      if (value === null || value === undefined) continue;
      filled += 1;
      if (isNumeric(column)) numbers.push(Number(value));
    }
  }
  const format = (value: number): string => value.toLocaleString(language.get(), { maximumFractionDigits: 4 });
  const sum = numbers.reduce((total, value) => total + value, 0);
  return (
    <>
      <span>{t("summary.count", { n: filled })}</span>
      {numbers.length > 0 && <>
        <span>{t("summary.sum")} <b>{format(sum)}</b></span>
        <span>{t("summary.mean")} <b>{format(sum / numbers.length)}</b></span>
        <span>{t("summary.range")} <b>{format(Math.min(...numbers))} – {format(Math.max(...numbers))}</b></span>
      </>}
    </>
  );
}
