import type { ProposalItemFragment } from "../api/generated";

export type Proposed = ProposalItemFragment["changes"][number];

/** Proposed changes of one row; `added` is the change that adds the row. */
export interface ProposedRow {
  id: string;
  added: Proposed | null;
  removed: Proposed | null;
  cells: ReadonlyMap<string, Proposed>;
  changeIds: string[];
}

type Building = ProposedRow & { cells: Map<string, Proposed> };

export function groupByRow(changes: readonly Proposed[]): ProposedRow[] {
  const rows = new Map<string, Building>();
  for (const change of changes) {
    if (change.status !== "PENDING" || !change.rowId) continue;
    const row: Building = rows.get(change.rowId) ?? { id: change.rowId, added: null, removed: null, cells: new Map<string, Proposed>(), changeIds: [] };
    rows.set(change.rowId, row);
    row.changeIds.push(change.id);
    if (change.kind === "ROW_ADDED") row.added = change;
    else if (change.kind === "ROW_DELETED") row.removed = change;
    else if (change.column) row.cells.set(change.column, change);
  }
  return [...rows.values()];
}

export function proposedText(value: unknown): string {
  if (value === null || value === undefined) return "";
  return Array.isArray(value) ? value.join(", ") : String(value);
}
