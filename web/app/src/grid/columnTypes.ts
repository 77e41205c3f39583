import type { ColumnType } from "../api/generated";

export const COLUMN_TYPES: ColumnType[] = [
  "TEXT", "INTEGER", "DECIMAL", "CURRENCY", "PERCENT", "BOOLEAN", "DATE", "DATETIME", "SELECT", "MULTI_SELECT", "EMAIL", "URL",
];

export const TYPE_SYMBOLS: Record<ColumnType, string> = {
  TEXT: "T", INTEGER: "#", DECIMAL: "#.0", CURRENCY: "¤", PERCENT: "%", BOOLEAN: "☑", DATE: "▦", DATETIME: "◷",
  SELECT: "▾", MULTI_SELECT: "≡", EMAIL: "@", URL: "↗",
};
