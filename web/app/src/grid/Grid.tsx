/** Virtual grid with the keyboard of a spreadsheet: an ARIA grid whose focus stays on one element. */
import { useVirtualizer } from "@tanstack/react-virtual";
import { useCallback, useEffect, useImperativeHandle, useRef, useState, useSyncExternalStore, type Ref } from "react";
import { isRightToLeft, t } from "../i18n";
import { activeSource, litCells } from "../provenance";
import { GridRow, type CellEvents } from "./GridRow";
import { HeaderCell, type ColumnAction, type HeadEvents } from "./HeaderCell";
import type { RowStore } from "./rowStore";
import { at, contains, isSingle, moved, rangeOf, type Selection } from "./selection";
import { useColumnWidths } from "./useColumnWidths";
import { cellKey, type Column } from "./types";
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
    useFlushSync: false,
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
  useEffect(() => store.ensure(last));

  const select = useCallback((next: Selection, reveal = true) => {
    setSelection(next);
    if (!reveal) return;
    rows.scrollToIndex(next.focus.row);
    cols.scrollToIndex(next.focus.column);
  }, [rows, cols]);
  useEffect(() => onSelect(selection), [selection, onSelect, store.rows]);

  const commands = useCommands({ store, columns, selection, select, isReadOnly, onProblem, refocus: () => scroller.current?.focus() });
  const { editing, conflict } = commands;

  useImperativeHandle(ref, () => ({
    focus: () => scroller.current?.focus(),
    focusCell(key) {
      const [rowId, column] = key.split(":");
      const row = store.indexOf(rowId ?? "");
      const index = columns.findIndex((candidate) => candidate.key === column);
      if (row >= 0 && index >= 0) select(at(row, index));
      scroller.current?.focus();
    },
  }), [store, columns, select]);

  const focused = store.at(selection.focus.row)?.cells.get(columns[selection.focus.column]?.key ?? "");
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
  const headEvents = useRef<HeadEvents>(null!);
  headEvents.current = {
    select(column) {
      select({ anchor: { row: 0, column }, focus: { row: Math.max(0, store.total - 1), column } }, false);
      scroller.current?.focus();
    },
    resize,
    act: onColumnAction,
  };
  const events = useRef<CellEvents>(null!);
  events.current = {
    press(event, row, column) {
      if (editing && selection.focus.row === row && selection.focus.column === column) return;
      event.preventDefault();
      if (event.button === 2 && contains(range, row, column)) return;
      select(event.shiftKey ? { anchor: selection.anchor, focus: { row, column } } : at(row, column), false);
      scroller.current?.focus();
    },
    pressGutter(event, row) {
      event.preventDefault();
      select({ anchor: { row: event.shiftKey ? selection.anchor.row : row, column: 0 }, focus: { row, column: columns.length - 1 } }, false);
      scroller.current?.focus();
    },
    enter(event, row, column, cell) {
      if (event.buttons === 1 && !editing) select({ anchor: selection.anchor, focus: { row, column } }, false);
      else if (cell?.source) activeSource.set(cell.source);
    },
    leave: () => activeSource.set(hasFocus ? (focused?.source ?? null) : null),
    open: () => commands.open(null),
  };
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
              events={headEvents}
            />
          ))}
        </div>
        {visible.map(({ index, start }) => {
          const row = store.at(index);
          const isFocused = selection.focus.row === index;
          const isInSelection = index >= range.top && index <= range.bottom;
          return (
            <GridRow
              key={index}
              index={index}
              row={row}
              start={start + ROW_HEIGHT}
              height={ROW_HEIGHT}
              gutter={GUTTER}
              columns={columns}
              items={virtualColumns}
              store={store}
              events={events}
              range={isInSelection && !isSingle(selection) ? range : null}
              isInSelection={isInSelection}
              focusedColumn={isFocused ? selection.focus.column : -1}
              lit={row && columns.some(({ key }) => lit.has(cellKey(row.id, key))) ? lit : null}
              state={row ? store.stateOf(row.id) : ""}
              commands={isFocused && (editing || conflict) ? commands : null}
            />
          );
        })}
      </div>
    </div>
  );
}
