import { useMemo, useState } from "react";
import { isNumeric, type Column } from "./types";

const MINIMUM = 60;

/** Widths of the columns, kept in this browser for each table. */
export function useColumnWidths(tableId: string, columns: Column[]) {
  const key = `sheetgpt.widths.${tableId}`;
  const [stored, setStored] = useState<Record<string, number>>(() => JSON.parse(localStorage.getItem(key) ?? "{}") as Record<string, number>);
  const widths = useMemo(() => columns.map((column) => stored[column.key] ?? standard(column)), [columns, stored]);
  const resize = (column: string, width: number): void => {
    const next = { ...stored, [column]: Math.max(MINIMUM, Math.round(width)) };
    setStored(next);
    localStorage.setItem(key, JSON.stringify(next));
  };
  return { widths, resize };
}

function standard(column: Column): number {
  const name = column.name.length * 8 + 66;
  return Math.max(isNumeric(column) || column.type === "DATE" || column.type === "BOOLEAN" ? 120 : 180, Math.min(name, 320));
}
