import type { CellItemFragment, ColumnItemFragment, RowItemFragment, RowFilter, RowSort } from "../api/generated";

export type Column = ColumnItemFragment;
export type Cell = CellItemFragment;
export type Source = NonNullable<CellItemFragment["source"]>;

export interface Row {
  id: string;
  position: number;
  version: number;
  cells: ReadonlyMap<string, Cell>;
}

/** Choice of rows: everything that changes which rows are shown, and in which order. */
export interface View {
  filter?: RowFilter | null;
  sort?: RowSort[] | null;
  search?: string | null;
  asOfRevision?: number | null;
}

export interface CellEdit {
  rowId: string;
  column: string;
  /** As typed; the server parses it for the column's type. Null empties the cell. */
  value: string | null;
  /** Row version when the person began to edit. */
  seenVersion: number;
}

export function toRow(item: RowItemFragment): Row {
  return {
    id: item.id,
    position: item.position,
    version: item.version,
    cells: new Map(item.cells.map((cell) => [cell.column.key, cell])),
  };
}

export const cellKey = (rowId: string, column: string): string => `${rowId}:${column}`;

const NUMERIC = new Set<Column["type"]>(["INTEGER", "DECIMAL", "CURRENCY", "PERCENT"]);
export const isNumeric = ({ type }: Pick<Column, "type">): boolean => NUMERIC.has(type);
