/** Ranges as tab-separated text, as Excel, Sheets and LibreOffice write and read it. */
import type { Cell, Column } from "./types";

/** Texts that a spreadsheet would calculate get an apostrophe, which it does not show. */
const FORMULA = /^[=+\-@\t\r]/;
const PLAIN_VALUE = new Set<Column["type"]>(["INTEGER", "DECIMAL", "CURRENCY"]);

export function copyText(cell: Cell | undefined, column: Column): string {
  if (!cell || cell.value === null) return "";
  if (PLAIN_VALUE.has(column.type)) return String(cell.value);
  return FORMULA.test(cell.text) ? `'${cell.text}` : cell.text;
}

export function toTabSeparated(rows: string[][]): string {
  return rows.map((row) => row.map(quoted).join("\t")).join("\n");
}

function quoted(text: string): string {
  return /["\t\n\r]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

export function fromTabSeparated(text: string): string[][] {
  const rows: string[][] = [[]];
  const field = /(?:"((?:[^"]|"")*)"|([^\t\r\n]*))(\t|\r\n|\n|\r|$)/y;
  while (field.lastIndex < text.length || rows.length === 1 && rows[0]!.length === 0) {
    const match = field.exec(text);
    if (!match) break;
    const value = match[1] !== undefined ? match[1].replaceAll('""', '"') : match[2]!;
    rows.at(-1)!.push(value.replace(/^'(?=[=+\-@\t\r])/, ""));
    if (match[3] === "") break;
    if (match[3] !== "\t") rows.push([]);
    else if (field.lastIndex >= text.length) rows.at(-1)!.push("");
  }
  if (rows.at(-1)!.length === 0 || (rows.length > 1 && rows.at(-1)!.length === 1 && rows.at(-1)![0] === "")) rows.pop();
  return rows;
}
