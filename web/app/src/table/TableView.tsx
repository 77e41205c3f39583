import { Download, FileClock, Filter, MoreHorizontal, Plus, Redo2, Search, Undo2, X } from "lucide-react";
import { useCallback, useEffect, useMemo, useRef, useState, useSyncExternalStore } from "react";
import { useQuery } from "urql";
import { client } from "../api/client";
import { messageOf } from "../api/errors";
import { DeleteColumnDocument, DeleteTableDocument, MoveColumnDocument, RestoreDocument, TableHeadByIdDocument, UpdateTableDocument, type RowFilter } from "../api/generated";
import { chosenCells } from "../chat/MarkedText";
import { Grid, type GridHandle } from "../grid/Grid";
import type { ColumnAction } from "../grid/HeaderCell";
import { RowStore } from "../grid/rowStore";
import { at, rangeOf, type Selection } from "../grid/selection";
import { cellKey, type Column } from "../grid/types";
import { t } from "../i18n";
import { collectMarks, marks, trustOf } from "../provenance";
import { Menu } from "../ui/Menu";
import { toast } from "../ui/Toasts";
import { useLatest } from "../ui/useLatest";
import { ColumnDialog } from "./ColumnDialog";
import { ExportDialog } from "./ExportDialog";
import { FilterDialog } from "./FilterDialog";
import { HistoryPanel } from "./HistoryPanel";
import { RenameDialog } from "./RenameDialog";
import { SelectionBar } from "./SelectionBar";

type Open = { kind: "export" | "rename" } | { kind: "column"; column: Column | null; position: number | null } | { kind: "filter"; column: Column };

export function TableView({ tableId, onDeleted }: { tableId: string; onDeleted: () => void }) {
  const [{ data: response, error }] = useQuery({ query: TableHeadByIdDocument, variables: { id: tableId }, requestPolicy: "cache-and-network" });
  const data = useLatest(response, tableId);
  const table = data?.table;
  if (!table) return <p className="empty" role="status">{error ? messageOf(error) : data ? t("table.missing") : t("loading")}</p>;
  return <LoadedTable table={table} onDeleted={onDeleted} />;
}

type Head = NonNullable<import("../api/generated").TableHeadByIdQuery["table"]>;

function LoadedTable({ table, onDeleted }: { table: Head; onDeleted: () => void }) {
  const [store] = useState(() => new RowStore(table.id, table.revision, () => {
    void client().query(TableHeadByIdDocument, { id: table.id }, { requestPolicy: "network-only" }).toPromise();
  }));
  useSyncExternalStore(store.subscribe, store.snapshot);
  useEffect(() => store.start(), [store]);
  const columns = useMemo(() => [...table.columns].sort((a, b) => a.position - b.position), [table.columns]);
  const grid = useRef<GridHandle>(null);
  const [selection, setSelection] = useState<Selection>(at(0, 0));
  const [open, setOpen] = useState<Open | null>(null);
  const [history, setHistory] = useState<{ rowId: string; column: string } | "table" | null>(null);
  const [filters, setFilters] = useState<ReadonlyMap<string, RowFilter>>(new Map());
  const [search, setSearch] = useState("");
  const isPast = store.view.asOfRevision != null;

  useMarks(store);
  const chosen = chosenCells.use();
  useEffect(() => { if (chosen.cells[0]) grid.current?.focusCell(chosen.cells[0]); }, [chosen]);

  const show = (view: Partial<RowStore["view"]>): Promise<string | null> => store.show({ ...store.view, ...view });
  useEffect(() => {
    const timer = setTimeout(() => { if ((store.view.search ?? "") !== search) void show({ search: search || null }).then(report); }, 250);
    return () => clearTimeout(timer);
  }, [search]);

  async function filterBy(column: string, filter: RowFilter | null): Promise<string | null> {
    const next = new Map(filters);
    if (filter) next.set(column, filter);
    else next.delete(column);
    const all = [...next.values()];
    const problem = await show({ filter: all.length > 1 ? { and: all } : (all[0] ?? null) });
    if (!problem) setFilters(next);
    return problem;
  }

  const problem = useCallback((message: string) => toast(message), []);
  const report = (message: string | null): void => { if (message) toast(message); };

  async function act(action: ColumnAction, column: Column): Promise<void> {
    const index = columns.indexOf(column);
    const move = (position: number) => client().mutation(MoveColumnDocument, { input: { tableId: table.id, key: column.key, position } }).toPromise();
    if (action === "ascending" || action === "descending") return report(await show({ sort: [{ column: column.key, descending: action === "descending" }] }));
    if (action === "unsorted") return report(await show({ sort: null }));
    if (action === "filter") return setOpen({ kind: "filter", column });
    if (action === "change") return setOpen({ kind: "column", column, position: null });
    if (action === "insert") return setOpen({ kind: "column", column: null, position: index + 1 });
    const result = action === "delete"
      ? await client().mutation(DeleteColumnDocument, { input: { tableId: table.id, key: column.key } }).toPromise()
      : await move(index + (action === "back" ? -1 : 1));
    if (result.error) return toast(messageOf(result.error));
    const changed = result.data as { deleteColumn?: { revision: { number: number } }; moveColumn?: { revision: { number: number } | null } };
    const revision = (changed.deleteColumn ?? changed.moveColumn)?.revision?.number;
    if (revision) store.recordRevision(revision);
    store.notify();
    if (action === "delete") toast(t("column.deleted", { name: column.name }), { label: t("undo"), run: () => void store.undo().then(report) });
  }

  async function remove(): Promise<void> {
    const { error } = await client().mutation(DeleteTableDocument, { id: table.id }).toPromise();
    if (error) return toast(messageOf(error));
    onDeleted();
    toast(t("table.deleted", { name: table.name }), { label: t("undo"), run: () => void client().mutation(RestoreDocument, { id: table.id }).toPromise() });
  }

  async function rename(name: string): Promise<string | null> {
    const { data, error } = await client().mutation(UpdateTableDocument, { input: { id: table.id, name } }).toPromise();
    if (data?.updateTable.revision) store.recordRevision(data.updateTable.revision.number);
    return error ? messageOf(error) : null;
  }

  async function deleteRows(): Promise<void> {
    const { top, bottom } = rangeOf(selection);
    const ids = store.between(top, bottom).map(({ id }) => id);
    if (ids.length < Math.min(bottom, store.total - 1) - top + 1) return report(t("grid.notLoaded"));
    if (ids.length) report(await store.deleteRows(ids));
  }

  const focused = store.at(selection.focus.row);
  const icon = { size: 17, "aria-hidden": true } as const;
  return (
    <div className="table-view">
      <div className="toolbar">
        <h2 dir="auto" title={table.name}>{table.name}</h2>
        <label className="search"><Search size={15} aria-hidden /><input type="search" value={search} placeholder={t("table.search")} aria-label={t("table.search")} onChange={(event) => setSearch(event.target.value)} /></label>
        <button type="button" className="icon-button" aria-label={t("undo")} title={`${t("undo")} (Ctrl+Z)`} disabled={!store.canUndo} onClick={() => void store.undo().then(report)}><Undo2 {...icon} /></button>
        <button type="button" className="icon-button" aria-label={t("redo")} title={`${t("redo")} (Ctrl+Y)`} disabled={!store.canRedo} onClick={() => void store.redo().then(report)}><Redo2 {...icon} /></button>
        <button type="button" className="icon-button" aria-label={t("history.title")} title={t("history.title")} aria-pressed={history !== null} onClick={() => setHistory(history ? null : "table")}><FileClock {...icon} /></button>
        <button type="button" className="primary" onClick={() => setOpen({ kind: "export" })}><Download size={16} aria-hidden /> {t("export.title")}</button>
        <Menu label={t("table.more")} button={<MoreHorizontal {...icon} />} items={[
          { label: t("table.addRow"), onSelect: () => void store.addRows([{}]).then(report) },
          { label: t("column.add"), onSelect: () => setOpen({ kind: "column", column: null, position: null }) },
          { label: t("table.deleteRows"), onSelect: () => void deleteRows() },
          { label: t("history.cell"), onSelect: () => { const column = columns[selection.focus.column]; if (focused && column) setHistory({ rowId: focused.id, column: column.key }); } },
          { label: t("rename"), onSelect: () => setOpen({ kind: "rename" }) },
          { label: t("table.delete"), onSelect: () => void remove(), isDangerous: true },
        ]} />
      </div>
      {(filters.size > 0 || isPast) && (
        <div className="chips">
          {[...filters].map(([key, filter]) => { const column = columns.find((one) => one.key === key); return column && (
            <span key={key} className="chip"><Filter size={13} aria-hidden /><span dir="auto">{column.name}</span> {t(`op.${filter.op!}`)} {filter.op !== "IS_EMPTY" && <b dir="auto">{typeof filter.value === "boolean" ? t(filter.value ? "grid.yes" : "grid.no") : String(filter.value)}</b>}<button type="button" className="icon-button" aria-label={t("filter.remove", { name: column.name })} onClick={() => void filterBy(key, null).then(report)}><X size={13} aria-hidden /></button></span>
          ); })}
          {isPast && <span className="chip past">{t("history.asOf", { n: store.view.asOfRevision! })}<button type="button" className="link" onClick={() => void show({ asOfRevision: null }).then(report)}>{t("history.now")}</button></span>}
        </div>
      )}
      <div className="table-body">
        <Grid ref={grid} store={store} columns={columns} label={table.name} isReadOnly={isPast} onSelect={setSelection} onColumnAction={(action, column) => void act(action, column)} onProblem={problem} />
        {history && <HistoryPanel table={table} cell={history === "table" ? null : history} store={store} columns={columns} onShow={(revision) => void show({ asOfRevision: revision }).then(report)} onClose={() => setHistory(null)} />}
      </div>
      <div className="table-foot">
        <button type="button" className="link" disabled={isPast} onClick={() => void store.addRows([{}]).then(report)}><Plus size={14} aria-hidden /> {t("table.addRow")}</button>
        <SelectionBar store={store} columns={columns} selection={selection} />
      </div>
      {store.problem && <p className="note problem" role="alert">{store.problem}</p>}
      {open?.kind === "export" && <ExportDialog table={table} columns={columns} onClose={() => setOpen(null)} />}
      {open?.kind === "rename" && <RenameDialog title={t("table.rename")} name={table.name} onSave={rename} onClose={() => setOpen(null)} />}
      {open?.kind === "column" && <ColumnDialog tableId={table.id} column={open.column} position={open.position} store={store} onClose={() => setOpen(null)} />}
      {open?.kind === "filter" && <FilterDialog column={open.column} filter={filters.get(open.column.key) ?? null} onChange={async (filter) => { const problem = await filterBy(open.column.key, filter); if (!problem) setOpen(null); return problem; }} onClose={() => setOpen(null)} />}
    </div>
  );
}

/** Number of rows whose sources are marked in the chat. */
const MARKED_ROWS = 1_000;

function useMarks(store: RowStore): void {
  const { rows } = store;
  useEffect(() => {
    marks.set(collectMarks(rows.slice(0, MARKED_ROWS).flatMap((row) => [...row.cells].map(([column, cell]) => ({
      key: cellKey(row.id, column), source: cell.source ?? null, trust: trustOf(cell),
    })))));
  }, [rows]);
  useEffect(() => () => marks.set(new Map()), []);
}
