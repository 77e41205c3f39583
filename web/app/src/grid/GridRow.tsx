import type { VirtualItem } from "@tanstack/react-virtual";
import { Clock } from "lucide-react";
import { memo, type RefObject } from "react";
import { t } from "../i18n";
import { SYMBOLS, trustOf } from "../provenance";
import { CellEditor } from "./CellEditor";
import { ConflictPanel } from "./ConflictPanel";
import type { RowStore } from "./rowStore";
import type { Range } from "./selection";
import { cellKey, isNumeric, type Cell, type Column, type Row } from "./types";
import type { Commands } from "./useCommands";

export interface CellEvents {
  press: (event: React.MouseEvent, row: number, column: number) => void;
  pressGutter: (event: React.MouseEvent, row: number) => void;
  enter: (event: React.MouseEvent, row: number, column: number, cell: Cell | undefined) => void;
  leave: () => void;
  open: () => void;
}

interface Props {
  index: number;
  row: Row | undefined;
  start: number;
  height: number;
  gutter: number;
  columns: Column[];
  items: VirtualItem[];
  store: RowStore;
  events: RefObject<CellEvents>;
  /** Selected cells, where they meet this row and are more than one. */
  range: Range | null;
  isInSelection: boolean;
  focusedColumn: number;
  lit: ReadonlySet<string> | null;
  /** Changes whenever an edit of this row begins, ends or comes from somebody else. */
  state: string;
  commands: Commands | null;
}

/** One row. While the grid scrolls, rows that stay are not rendered again. */
export const GridRow = memo(function GridRow({ index, row, start, height, gutter, columns, items, store, events, range, isInSelection, focusedColumn, lit, commands }: Props) {
  return (
    <div className="grid-row" role="row" aria-rowindex={index + 2} style={{ transform: `translateY(${start}px)`, height }}>
      <div className={`gutter ${isInSelection ? "selected" : ""}`} role="rowheader" aria-colindex={1} style={{ width: gutter }} onMouseDown={(event) => events.current.pressGutter(event, index)}>
        {(index + 1).toLocaleString()}
      </div>
      {items.map(({ index: c, start: left, size }) => {
        const column = columns[c];
        if (!column) return null;
        const key = row ? cellKey(row.id, column.key) : "";
        const cell = row?.cells.get(column.key);
        const pending = store.pending.get(key);
        const trust = cell && cell.value !== null ? trustOf(cell) : "none";
        const isFocus = c === focusedColumn;
        const isInRange = range !== null && c >= range.left && c <= range.right;
        const names = [
          "cell", `trust-${trust}`, isNumeric(column) && "number", isInRange && "in-range", isFocus && "focused",
          lit?.has(key) && "lit", store.fresh.has(key) && "fresh", pending?.state, !row && "loading",
        ].filter(Boolean).join(" ");
        return (
          <div
            key={column.key}
            id={`cell-${index}-${c}`}
            className={names}
            role="gridcell"
            aria-colindex={c + 2}
            aria-selected={isInRange || isFocus}
            style={{ insetInlineStart: left + gutter, width: size }}
            onMouseDown={(event) => events.current.press(event, index, c)}
            onMouseEnter={(event) => events.current.enter(event, index, c, cell)}
            onMouseLeave={() => events.current.leave()}
            onDoubleClick={() => events.current.open()}
          >
            <span className="cell-text" dir="auto">{pending ? pending.text : displayed(cell, column)}</span>
            {trust !== "none" && !pending && <span className="trust" aria-label={t(`trust.${trust}`)} role="img" title={t(`trust.${trust}`)}>{SYMBOLS[trust]}</span>}
            {pending?.state === "unsent" && <span className="trust" role="img" aria-label={t("grid.unsent")} title={t("grid.unsent")}><Clock size={12} aria-hidden /></span>}
            {commands?.editing && isFocus && row && <CellEditor key={key} column={column} initial={commands.editing.text} selects={commands.editing.selects} problem={commands.invalid} onCommit={commands.commit} onCancel={commands.cancel} />}
            {commands?.conflict?.key === key && <ConflictPanel conflict={commands.conflict} onSolve={commands.solve} />}
          </div>
        );
      })}
    </div>
  );
});

function displayed(cell: Cell | undefined, column: Column): string {
  if (!cell || cell.value === null) return "";
  return column.type === "BOOLEAN" ? t(cell.value ? "grid.yes" : "grid.no") : cell.text;
}
