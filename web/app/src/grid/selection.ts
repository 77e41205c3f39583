/** Rectangle of selected cells: `anchor` stays where the selection began, `focus` moves. */
export interface Point { row: number; column: number }
export interface Selection { anchor: Point; focus: Point }
export interface Range { top: number; bottom: number; left: number; right: number }

export const at = (row: number, column: number): Selection => ({ anchor: { row, column }, focus: { row, column } });

export function rangeOf({ anchor, focus }: Selection): Range {
  return {
    top: Math.min(anchor.row, focus.row),
    bottom: Math.max(anchor.row, focus.row),
    left: Math.min(anchor.column, focus.column),
    right: Math.max(anchor.column, focus.column),
  };
}

export function contains(range: Range, row: number, column: number): boolean {
  return row >= range.top && row <= range.bottom && column >= range.left && column <= range.right;
}

export const isSingle = ({ anchor, focus }: Selection): boolean => anchor.row === focus.row && anchor.column === focus.column;

interface Move { rows: number; columns: number; page: number; isRightToLeft: boolean }

/** Return the selection after a key of movement, or null for another key. */
export function moved(selection: Selection, event: KeyboardEvent | React.KeyboardEvent, size: Move): Selection | null {
  const target = targetOf(selection.focus, event, size);
  if (!target) return null;
  const focus = {
    row: Math.max(0, Math.min(size.rows - 1, target.row)),
    column: Math.max(0, Math.min(size.columns - 1, target.column)),
  };
  return event.shiftKey ? { anchor: selection.anchor, focus } : { anchor: focus, focus };
}

function targetOf({ row, column }: Point, event: KeyboardEvent | React.KeyboardEvent, size: Move): Point | null {
  const isJump = event.ctrlKey || event.metaKey;
  const forward = size.isRightToLeft ? -1 : 1;
  const horizontal = (step: number): Point => ({ row, column: isJump ? (step > 0 ? size.columns - 1 : 0) : column + step });
  switch (event.key) {
    case "ArrowUp": return { row: isJump ? 0 : row - 1, column };
    case "ArrowDown": return { row: isJump ? size.rows - 1 : row + 1, column };
    case "ArrowLeft": return horizontal(-forward);
    case "ArrowRight": return horizontal(forward);
    case "PageUp": return { row: row - size.page, column };
    case "PageDown": return { row: row + size.page, column };
    case "Home": return { row: isJump ? 0 : row, column: 0 };
    case "End": return { row: isJump ? size.rows - 1 : row, column: size.columns - 1 };
    default: return null;
  }
}
