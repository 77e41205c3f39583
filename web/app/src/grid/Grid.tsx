/** Virtual grid with the keyboard of a spreadsheet: an ARIA grid whose focus stays on one element. */
import { useVirtualizer } from "@tanstack/react-virtual";
import { useCallback, useEffect, useImperativeHandle, useRef, useState, useSyncExternalStore, type Ref } from "react";
import { isRightToLeft, t } from "../i18n";
import { activeSource, litCells, trustOf, SYMBOLS } from "../provenance";
import { CellEditor } from "./CellEditor";
import { ConflictPanel } from "./ConflictPanel";
import { HeaderCell, type ColumnAction } from "./HeaderCell";
import type { RowStore } from "./rowStore";
import { at, contains, isSingle, moved, rangeOf, type Selection } from "./selection";
import { useColumnWidths } from "./useColumnWidths";
import { cellKey, isNumeric, type Column } from "./types";
import { useCommands } from "./useCommands";

const ROW_HEIGHT = 33;
const GUTTER = 52;

export interface GridHandle {
  focusCell(key: string): void;
  focus(): void;
}

interface Props {
  ref?: Ref<GridHandle>;
  store: RowStore;
  columns: Column[];
  label: string;
  isReadOnly: boolean;
  onSelect: (selection: Selection) => void;
  onColumnAction: (action: ColumnAction, column: Column) => void;
  onProblem: (message: string) => void;
}

export function Grid({ ref, store, columns, label, isReadOnly, onSelect, onColumnAction, onProblem }: Props) {
  useSyncExternalStore(store.subscribe, store.snapshot);
  const lit = litCells.use();
  const scroller = useRef<HTMLDivElement>(null);
  const [selection, setSelection] = useState<Selection>(at(0, 0));
  const [hasFocus, setHasFocus] = useState(false);
  const { widths, resize } = useColumnWidths(store.tableId, columns);
  const count = Math.max(store.total, store.rows.length);

  const rows = useVirtualizer({
    count,
    getScrollElement: () => scroller.current,
    estimateSize: () => ROW_HEIGHT,
    overscan: 8,
    scrollPaddingStart: ROW_HEIGHT + 2,
  });
  const cols = useVirtualizer({
    horizontal: true,
    count: columns.length,
    getScrollElement: () => scroller.current,
    estimateSize: (index) => widths[index] ?? 140,
    overscan: 3,
    isRtl: isRightToLeft(),
    scrollPaddingStart: GUTTER,
  });
  useEffect(() => cols.measure(), [widths, cols]);

  const visible = rows.getVirtualItems();
  const last = visible.at(-1)?.index ?? 0;
  useEffect(() => store.ensure(last), [store, last, store.rows.length]);

  const select = useCallback((next: Selection, reveal = true) => {
    setSelection(next);
    if (!reveal) return;
    rows.scrollToIndex(next.focus.row);
    cols.scrollToIndex(next.focus.column);
  }, [rows, cols]);
  useEffect(() => onSelect(selection), [selection, onSelect, store.rows]);

  const commands = useCommands({ store, columns, selection, select, isReadOnly, onProblem, refocus: () => scroller.current?.focus() });
  const { editing, conflict, invalid } = commands;

  useImperativeHandle(ref, () => ({
    focus: () => scroller.current?.focus(),
    focusCell(key) {
      const [rowId, column] = key.split(":");
      const row = store.rows.findIndex(({ id }) => id === rowId);
      const index = columns.findIndex((candidate) => candidate.key === column);
      if (row >= 0 && index >= 0) select(at(row, index));
      scroller.current?.focus();
    },
  }), [store, columns, select]);

  const focused = store.rows[selection.focus.row]?.cells.get(columns[selection.focus.column]?.key ?? "");
  useEffect(() => { if (hasFocus) activeSource.set(focused?.source ?? null); }, [focused, hasFocus]);

  function onKeyDown(event: React.KeyboardEvent): void {
    if (editing || event.target !== event.currentTarget) return;
    if (commands.onKey(event)) return event.preventDefault();
    const page = Math.floor((scroller.current?.clientHeight ?? 0) / ROW_HEIGHT) - 2;
    const next = moved(selection, event, { rows: count, columns: columns.length, page, isRightToLeft: isRightToLeft() });
    if (!next) return;
    event.preventDefault();
    select(next);
  }

  const range = rangeOf(selection);
  const virtualColumns = cols.getVirtualItems();
  return (
    <div
      ref={scroller}
      className="grid"
      role="grid"
      tabIndex={0}
      aria-label={label}
      aria-rowcount={count + 1}
      aria-colcount={columns.length + 1}
      aria-multiselectable
      aria-readonly={isReadOnly}
      aria-activedescendant={count && columns.length ? `cell-${selection.focus.row}-${selection.focus.column}` : undefined}
      onKeyDown={onKeyDown}
      onFocus={() => setHasFocus(true)}
      onBlur={(event) => { if (!event.currentTarget.contains(event.relatedTarget)) { setHasFocus(false); activeSource.set(null); } }}
      onCopy={commands.onCopy}
      onCut={commands.onCut}
      onPaste={commands.onPaste}
    >
      <div className="grid-size" role="presentation" style={{ width: cols.getTotalSize() + GUTTER, height: rows.getTotalSize() + ROW_HEIGHT }}>
        <div className="grid-head" role="row" aria-rowindex={1} style={{ height: ROW_HEIGHT }}>
          <div className="gutter" role="columnheader" aria-colindex={1} style={{ width: GUTTER }}><span className="hidden">{t("grid.rowNumber")}</span></div>
          {virtualColumns.map(({ index, start, size }) => (
            <HeaderCell
              key={columns[index]!.key}
              column={columns[index]!}
              index={index}
              count={columns.length}
              start={start + GUTTER}
              size={size}
              sort={store.view.sort?.find(({ column }) => column === columns[index]!.key) ?? null}
              isReadOnly={isReadOnly}
              isSelected={index >= range.left && index <= range.right}
              onSelect={() => { select({ anchor: { row: 0, column: index }, focus: { row: Math.max(0, store.rows.length - 1), column: index } }, false); scroller.current?.focus(); }}
              onResize={(width) => resize(columns[index]!.key, width)}
              onAction={(action) => onColumnAction(action, columns[index]!)}
            />
          ))}
        </div>
        {visible.map(({ index: r, start }) => {
          const row = store.rows[r];
          return (
            <div key={r} className="grid-row" role="row" aria-rowindex={r + 2} style={{ transform: `translateY(${start + ROW_HEIGHT}px)`, height: ROW_HEIGHT }}>
              <div
                className={`gutter ${r >= range.top && r <= range.bottom ? "selected" : ""}`}
                role="rowheader"
                aria-colindex={1}
                style={{ width: GUTTER }}
                onMouseDown={(event) => { event.preventDefault(); select({ anchor: { row: event.shiftKey ? selection.anchor.row : r, column: 0 }, focus: { row: r, column: columns.length - 1 } }, false); scroller.current?.focus(); }}
              >{(r + 1).toLocaleString()}</div>
              {virtualColumns.map(({ index: c, start: left, size }) => {
                const column = columns[c]!;
                const key = row ? cellKey(row.id, column.key) : "";
                const cell = row?.cells.get(column.key);
                const pending = store.pending.get(key);
                const trust = cell && cell.value !== null ? trustOf(cell) : "none";
                const isFocus = selection.focus.row === r && selection.focus.column === c;
                const names = [
                  "cell", `trust-${trust}`, isNumeric(column) && "number", contains(range, r, c) && !isSingle(selection) && "in-range",
                  isFocus && "focused", lit.has(key) && "lit", store.fresh.has(key) && "fresh", pending && pending.state, !row && "loading",
                ].filter(Boolean).join(" ");
                return (
                  <div
                    key={column.key}
                    id={`cell-${r}-${c}`}
                    className={names}
                    role="gridcell"
                    aria-colindex={c + 2}
                    aria-selected={contains(range, r, c)}
                    style={{ insetInlineStart: left + GUTTER, width: size }}
                    onMouseDown={(event) => {
                      if (editing && isFocus) return;
                      event.preventDefault();
                      if (event.button === 2 && contains(range, r, c)) return;
                      select(event.shiftKey ? { anchor: selection.anchor, focus: { row: r, column: c } } : at(r, c), false);
                      scroller.current?.focus();
                    }}
                    onMouseEnter={(event) => {
                      if (event.buttons === 1 && !editing) select({ anchor: selection.anchor, focus: { row: r, column: c } }, false);
                      else if (cell?.source) activeSource.set(cell.source);
                    }}
                    onMouseLeave={() => activeSource.set(hasFocus ? (focused?.source ?? null) : null)}
                    onDoubleClick={() => commands.open(null)}
                  >
                    <span className="cell-text" dir="auto">{pending ? pending.text : shown(cell?.value, cell?.text, column)}</span>
                    {trust !== "none" && !pending && <span className="trust" aria-label={t(`trust.${trust}`)} role="img" title={t(`trust.${trust}`)}>{SYMBOLS[trust]}</span>}
                    {pending?.state === "unsent" && <span className="trust" title={t("grid.unsent")}>⏳</span>}
                    {editing && isFocus && row && <CellEditor key={key} column={column} initial={editing.text} selects={editing.selects} problem={invalid} onCommit={commands.commit} onCancel={commands.cancel} />}
                    {conflict?.key === key && <ConflictPanel conflict={conflict} onSolve={commands.solve} />}
                  </div>
                );
              })}
            </div>
          );
        })}
      </div>
    </div>
  );
}

function shown(value: unknown, text: string | undefined, column: Column): string {
  if (value === null || value === undefined) return "";
  return column.type === "BOOLEAN" ? t(value ? "grid.yes" : "grid.no") : (text ?? "");
}
