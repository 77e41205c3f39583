/** Commands of the grid: editing, clearing, filling, undo, and the clipboard. */
import { useEffect, useState } from "react";
import type { Conflict } from "../api/errors";
import { t } from "../i18n";
import { copyText, fromTabSeparated, toTabSeparated } from "./clipboard";
import type { Outcome, RowStore } from "./rowStore";
import { at, rangeOf, type Selection } from "./selection";
import { cellKey, type CellEdit, type Column } from "./types";

interface Options {
  store: RowStore;
  columns: Column[];
  selection: Selection;
  select: (selection: Selection) => void;
  isReadOnly: boolean;
  onProblem: (message: string) => void;
  refocus: () => void;
}

interface Editing { text: string; selects: boolean; seenVersion: number }
export interface OpenConflict { key: string; conflict: Conflict; edit: CellEdit; rest: { conflict: Conflict; edit: CellEdit }[] }
export type Direction = "down" | "up" | "next" | "previous" | "stay";

export type Commands = ReturnType<typeof useCommands>;

export function useCommands({ store, columns, selection, select, isReadOnly, onProblem, refocus }: Options) {
  const [editing, setEditing] = useState<Editing | null>(null);
  const [invalid, setInvalid] = useState<string | null>(null);
  const [conflict, setConflict] = useState<OpenConflict | null>(null);
  const { row: r, column: c } = selection.focus;
  const row = store.at(r);
  const column = columns[c];
  const cell = column && row?.cells.get(column.key);

  function open(typed: string | null): void {
    if (isReadOnly || !row || !column) return;
    setInvalid(null);
    const current = store.pending.get(cellKey(row.id, column.key))?.text ?? (cell?.value === null ? "" : (cell?.text ?? ""));
    setEditing({ text: typed ?? current, selects: typed === null, seenVersion: row.version });
  }

  function cancel(): void {
    setEditing(null);
    setInvalid(null);
    refocus();
  }

  async function commit(text: string, direction: Direction): Promise<void> {
    if (!editing || !row || !column) return;
    const isSame = !invalid && editing.selects && text === editing.text;
    setEditing(null);
    setInvalid(null);
    refocus();
    move(direction);
    if (isSame) return;
    const edit = { rowId: row.id, column: column.key, value: text === "" ? null : text, seenVersion: editing.seenVersion };
    const outcome = await store.edit([edit]);
    if (outcome.kind !== "invalid") return settle(outcome);
    // Back to the cell, with what was typed and the reason.
    select(at(r, c));
    setEditing({ ...editing, text });
    setInvalid(outcome.errors[0]!.message);
  }

  function move(direction: Direction): void {
    const steps = { down: [1, 0], up: [-1, 0], next: [0, 1], previous: [0, -1], stay: [0, 0] } as const;
    const [down, right] = steps[direction];
    select(at(Math.max(0, Math.min(store.total - 1, r + down)), Math.max(0, Math.min(columns.length - 1, c + right))));
  }

  function settle(outcome: Outcome): void {
    if (outcome.kind === "conflict") openConflicts(outcome.conflicts, outcome.edits);
    else if (outcome.kind === "invalid" || outcome.kind === "failed") onProblem(outcome.message);
    else if (outcome.kind === "unsent") onProblem(t("grid.unsent"));
  }

  function openConflicts(conflicts: Conflict[], edits: CellEdit[]): void {
    const pairs = conflicts.flatMap((one) => {
      const edit = edits.find(({ rowId, column: key }) => rowId === one.rowId && key === one.column);
      return edit ? [{ conflict: one, edit }] : [];
    });
    showConflict(pairs);
    // The other cells of the batch were not at fault; they are sent without those in conflict.
    const others = edits.filter((edit) => !pairs.some((pair) => pair.edit === edit));
    if (others.length) void store.edit(others).then(settle);
  }

  function showConflict([first, ...rest]: { conflict: Conflict; edit: CellEdit }[]): void {
    setConflict(first ? { ...first, key: cellKey(first.edit.rowId, first.edit.column), rest } : null);
    const index = first ? store.indexOf(first.edit.rowId) : -1;
    if (first && index >= 0) select(at(index, columns.findIndex(({ key }) => key === first.edit.column)));
  }

  async function solve(choice: "mine" | "theirs"): Promise<void> {
    if (!conflict) return;
    const { edit, conflict: { row: current }, rest } = conflict;
    showConflict(rest);
    refocus();
    if (choice === "mine") settle(await store.edit([{ ...edit, seenVersion: current?.version ?? edit.seenVersion }]));
    else await store.reload();
  }

  useEffect(() => { store.onUnsentOutcome = settle; });

  /** Nothing is done to part of a selection: rows that were never shown are not loaded. */
  function isLoaded(top: number, bottom: number): boolean {
    const end = Math.min(bottom, store.total - 1);
    const isComplete = store.between(top, end).length === end - top + 1;
    if (!isComplete) onProblem(t("grid.notLoaded"));
    return isComplete;
  }

  /** Text of a cell as it is shown, also while its edit is on the way. */
  function textAt(i: number, j: number): string {
    const [line, one] = [store.at(i), columns[j]];
    if (!line || !one) return "";
    return store.pending.get(cellKey(line.id, one.key))?.text ?? copyText(line.cells.get(one.key), one);
  }

  function write(values: (row: number, column: number) => string | null, skipped = 0): Promise<Outcome> | null {
    const range = rangeOf(selection);
    if (!isLoaded(range.top, range.bottom)) return null;
    const edits: CellEdit[] = [];
    for (let i = range.top + skipped; i <= range.bottom; i++) {
      const target = store.at(i);
      if (!target) continue;
      for (let j = range.left; j <= range.right; j++) {
        edits.push({ rowId: target.id, column: columns[j]!.key, value: values(i, j), seenVersion: target.version });
      }
    }
    return edits.length && !isReadOnly ? store.edit(edits) : null;
  }

  async function clear(): Promise<void> {
    const outcome = await write(() => null);
    if (outcome) settle(outcome);
  }

  async function fillDown(): Promise<void> {
    const { top } = rangeOf(selection);
    const outcome = await write((_, j) => textAt(top, j) || null, 1);
    if (outcome) settle(outcome);
  }

  async function undo(): Promise<void> { const problem = await store.undo(); if (problem) onProblem(problem); }
  async function redo(): Promise<void> { const problem = await store.redo(); if (problem) onProblem(problem); }

  function onKey(event: React.KeyboardEvent): boolean {
    const isCommand = event.ctrlKey || event.metaKey;
    const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
    if (isCommand && key === "z") void (event.shiftKey ? redo() : undo());
    else if (isCommand && key === "y") void redo();
    else if (isCommand && key === "d") void fillDown();
    else if (isCommand && key === "a") select({ anchor: { row: 0, column: 0 }, focus: { row: Math.max(0, store.total - 1), column: columns.length - 1 } });
    else if (isCommand || event.altKey) return false;
    else if (key === "F2" || key === "Enter") open(null);
    else if (key === "Delete" || key === "Backspace") void clear();
    else if (key === "Escape" && conflict) setConflict(null);
    else if (event.key === " " && column?.type === "BOOLEAN") void write((i, j) => (store.at(i)?.cells.get(columns[j]!.key)?.value === true ? "false" : "true"))?.then(settle);
    else if (event.key.length === 1) open(event.key);
    else return false;
    return true;
  }

  function onCopy(event: React.ClipboardEvent): void {
    if (editing) return;
    const range = rangeOf(selection);
    event.preventDefault();
    if (!isLoaded(range.top, range.bottom)) return;
    const lines = store.between(range.top, range.bottom)
      .map((_, i) => columns.slice(range.left, range.right + 1).map((__, j) => textAt(range.top + i, range.left + j)));
    event.clipboardData.setData("text/plain", toTabSeparated(lines));
  }

  function onCut(event: React.ClipboardEvent): void {
    if (editing) return;
    onCopy(event);
    void clear();
  }

  async function onPaste(event: React.ClipboardEvent): Promise<void> {
    if (editing || isReadOnly) return;
    event.preventDefault();
    const lines = fromTabSeparated(event.clipboardData.getData("text/plain"));
    if (!lines.length) return;
    const { top, left, bottom, right } = rangeOf(selection);
    const isOne = lines.length === 1 && lines[0]!.length === 1;
    const height = isOne ? bottom - top + 1 : lines.length;
    const width = isOne ? right - left + 1 : Math.max(...lines.map((line) => line.length));
    if (!isLoaded(top, top + height - 1)) return;
    const value = (i: number, j: number): string | null => (isOne ? lines[0]![0]! : (lines[i]?.[j] ?? "")) || null;
    const edits: CellEdit[] = [];
    const added: Record<string, string | null>[] = [];
    for (let i = 0; i < height; i++) {
      const target = store.at(top + i);
      const fresh: Record<string, string | null> = {};
      for (let j = 0; j < width && left + j < columns.length; j++) {
        const key = columns[left + j]!.key;
        if (target) edits.push({ rowId: target.id, column: key, value: value(i, j), seenVersion: target.version });
        else fresh[key] = value(i, j);
      }
      if (!target) added.push(fresh);
    }
    select({ anchor: { row: top, column: left }, focus: { row: top + height - 1, column: Math.min(left + width, columns.length) - 1 } });
    if (edits.length) settle(await store.edit(edits));
    const problem = added.length ? await store.addRows(added) : null;
    if (problem) onProblem(problem);
  }

  return { editing, invalid, conflict, open, cancel, commit, solve, undo, redo, onKey, onCopy, onCut, onPaste };
}
