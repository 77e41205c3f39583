import { useEffect, useId, useRef, useState } from "react";
import { t } from "../i18n";
import type { Column } from "./types";
import type { Direction } from "./useCommands";

interface Props {
  column: Column;
  initial: string;
  selects: boolean;
  problem: string | null;
  onCommit: (text: string, direction: Direction) => void;
  onCancel: () => void;
}

const INPUT_MODES: Partial<Record<Column["type"], "decimal" | "numeric" | "email" | "url">> = {
  INTEGER: "numeric", DECIMAL: "decimal", CURRENCY: "decimal", PERCENT: "decimal", EMAIL: "email", URL: "url",
};

/** Editor in the cell. The server judges the value; its reason is shown here. */
export function CellEditor({ column, initial, selects, problem, onCommit, onCancel }: Props) {
  const [text, setText] = useState(initial);
  const input = useRef<HTMLInputElement & HTMLSelectElement & HTMLTextAreaElement>(null);
  const id = useId();
  const isDone = useRef(false);
  useEffect(() => {
    input.current?.focus();
    if (selects) input.current?.select?.();
  }, [selects]);

  function finish(direction: Direction): void {
    if (isDone.current) return;
    isDone.current = true;
    onCommit(text, direction);
  }

  function onKeyDown(event: React.KeyboardEvent): void {
    event.stopPropagation();
    if (event.nativeEvent.isComposing) return;
    if (event.key === "Escape") { isDone.current = true; onCancel(); }
    else if (event.key === "Enter" && !event.altKey) finish(event.shiftKey ? "up" : "down");
    else if (event.key === "Tab") finish(event.shiftKey ? "previous" : "next");
    else return;
    event.preventDefault();
  }

  const common = {
    ref: input,
    className: "cell-editor",
    "aria-label": t("grid.edit", { name: column.name }),
    "aria-invalid": problem !== null,
    "aria-describedby": problem ? `${id}-problem` : undefined,
    onKeyDown,
    onBlur: () => finish("stay"),
    value: text,
  };
  return (
    <>
      {column.type === "BOOLEAN" ? (
        <select {...common} onChange={(event) => setText(event.target.value)}>
          <option value=""></option>
          <option value="true">{t("grid.yes")}</option>
          <option value="false">{t("grid.no")}</option>
        </select>
      ) : (
        <input {...common} dir="auto" list={column.options ? id : undefined} inputMode={INPUT_MODES[column.type]} placeholder={hint(column)} onChange={(event) => setText(event.target.value)} />
      )}
      {column.options && <datalist id={id}>{column.options.map((option) => <option key={option} value={option} />)}</datalist>}
      {problem && <div id={`${id}-problem`} className="cell-problem" role="alert">{problem}</div>}
    </>
  );
}

function hint({ type, format }: Column): string {
  if (type === "DATE") return "2026-01-31";
  if (type === "DATETIME") return "2026-01-31 14:30";
  return type === "CURRENCY" ? `0.00 ${format?.slice(0, 3) ?? ""}` : "";
}
