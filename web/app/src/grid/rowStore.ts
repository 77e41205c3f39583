/**
 * Rows of one table as the grid shows them: the loaded beginning and end of the list, edits on their way, and undo.
 *
 * An edit appears at once and is sent with the row version that the person saw. See `edit` for what follows.
 */
import type { CombinedError } from "@urql/core";
import { uncachedClient } from "../api/uncached";
import { codeOf, conflictsOf, fieldErrorsOf, isUnreachable, messageOf, type Conflict } from "../api/errors";
import {
  AddRowsDocument,
  DeleteRowsDocument,
  RowsByIdsDocument,
  RowsDocument,
  TableChangesDocument,
  UndoRevisionDocument,
  UpdateCellsDocument,
  type RowItemFragment,
  type TableChangesSubscription,
} from "../api/generated";
import { stream, subscribeToConnection } from "../api/socket";
import { cellKey, toRow, type CellEdit, type Row, type View } from "./types";

type Revision = TableChangesSubscription["tableChanges"];

export interface PendingEdit {
  text: string;
  state: "saving" | "unsent";
}

export type Outcome =
  | { kind: "saved" }
  | { kind: "unsent" }
  | { kind: "invalid"; errors: { index: number; message: string }[]; message: string }
  | { kind: "conflict"; conflicts: Conflict[]; edits: CellEdit[] }
  | { kind: "failed"; message: string };

/** Number of changes in one revision that are fetched row by row; with more, the window is loaded again. */
const MAX_SINGLE_ROWS = 100;
const MAX_CELLS_PER_REQUEST = 1_000;
const PAGE = 100;
/** Rows that the grid may show above the one that it asks for. */
const SCREEN = 80;

interface Page { rows: Row[]; startCursor: string | null; endCursor: string | null; total: number | null }

export class RowStore {
  /** Loaded beginning of the list. */
  rows: Row[] = [];
  /** Loaded end of the list, while rows between are missing. */
  #tail: Row[] = [];
  #tailCursor: string | null = null;
  total = 0;
  revision: number;
  view: View = {};
  isLoaded = false;
  problem: string | null = null;
  /** Edits that the server has not confirmed, by cell. */
  readonly pending = new Map<string, PendingEdit>();
  /** Cells that somebody else changed a moment ago. */
  readonly fresh = new Set<string>();

  #listeners = new Set<() => void>();
  #snapshot = 0;
  #endCursor: string | null = null;
  #loading: Promise<void> | null = null;
  #request: Promise<unknown> = Promise.resolve();
  #goal = 0;
  #generation = 0;
  #queue: Promise<unknown> = Promise.resolve();
  #waiting: CellEdit[] = [];
  #unsent: CellEdit[] = [];
  #undo: number[] = [];
  #redo: number[] = [];
  #own = new Set<number>();
  #stop: (() => void) | null = null;
  #retry = (): void => void this.sendUnsent();

  constructor(
    readonly tableId: string,
    revision: number,
    /** Called when columns or the name changed. */
    readonly onHeadChanged: () => void,
  ) {
    this.revision = revision;
  }

  subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };
  snapshot = (): number => this.#snapshot;
  notify(): void {
    this.#snapshot += 1;
    this.#listeners.forEach((listener) => listener());
  }

  /** Load the first rows and follow the changes from `revision`; returns the function that stops. */
  start(): () => void {
    const store = this;
    void this.reload();
    addEventListener("online", this.#retry);
    // The socket connects again when the server is back after a restart, of which the browser tells nothing.
    const stopRetrying = subscribeToConnection((isConnected) => { if (isConnected) this.#retry(); });
    this.#stop = stream(
      TableChangesDocument,
      // Read again at each connection: the stream continues after the last revision seen.
      { tableId: this.tableId, get after() { return store.revision; } },
      ({ tableChanges }) => void this.#follow(tableChanges),
    );
    return () => {
      this.#stop?.();
      removeEventListener("online", this.#retry);
      stopRetrying();
    };
  }

  /** Show another choice of rows; returns the problem when the server refuses it, and then nothing changes. */
  async show(view: View): Promise<string | null> {
    const old = this.view;
    this.view = view;
    await this.reload();
    const { problem } = this;
    if (problem && this.view === view) {
      this.view = old;
      this.problem = null;
      this.notify();
    }
    return problem;
  }

  /** Load again as many rows as are shown, up to 300; the old ones stay until the new ones are there. */
  async reload(): Promise<void> {
    const generation = ++this.#generation;
    this.#tail = [];
    this.#tailCursor = null;
    // urql gives equal queries that run at once one response, which may be from before the change that we reload for.
    await this.#request;
    if (generation !== this.#generation) return;
    const count = Math.min(this.rows.length, 300);
    const loaded: Row[] = [];
    let cursor: string | null = null;
    do {
      const page = await this.#page(generation, { first: PAGE, after: cursor });
      if (!page) return;
      loaded.push(...page.rows);
      cursor = page.endCursor;
      this.total = page.total ?? this.total;
    } while (loaded.length < count && cursor);
    this.rows = loaded;
    this.#endCursor = cursor;
    this.isLoaded = true;
    this.notify();
  }

  /** Load further rows until the row at `index` is there; a later call moves the goal. */
  ensure(index: number): void {
    this.#goal = index;
    if (this.#loading || !this.#isGoalMissing) return;
    this.#loading = this.#loadToGoal().finally(() => { this.#loading = null; });
  }

  /** Row at a position of the whole list; undefined while it is not loaded. */
  at(index: number): Row | undefined {
    return this.rows[index] ?? this.#tail[index - (this.total - this.#tail.length)];
  }

  between(top: number, bottom: number): Row[] {
    const rows: Row[] = [];
    for (let index = top; index <= bottom; index++) {
      const row = this.at(index);
      if (row) rows.push(row);
    }
    return rows;
  }

  indexOf(rowId: string): number {
    const index = this.rows.findIndex(({ id }) => id === rowId);
    if (index >= 0) return index;
    const inTail = this.#tail.findIndex(({ id }) => id === rowId);
    return inTail < 0 ? -1 : this.total - this.#tail.length + inTail;
  }

  get #isGoalMissing(): boolean {
    return this.#endCursor !== null && (!this.at(this.#goal) || !this.at(Math.max(0, this.#goal - SCREEN)));
  }

  /** Load pages from the end of the list that is nearer; a list has no pages in the middle. */
  async #loadToGoal(): Promise<void> {
    const generation = this.#generation;
    while (this.#isGoalMissing) {
      const fromBeginning = this.#goal - this.rows.length;
      const fromEnd = this.total - this.#tail.length - (this.#goal - SCREEN);
      if (!(await (fromEnd < fromBeginning ? this.#loadBackward(generation) : this.#loadForward(generation)))) return;
      this.#join();
      this.notify();
    }
  }

  async #loadForward(generation: number): Promise<boolean> {
    const page = await this.#page(generation, { first: PAGE, after: this.#endCursor });
    if (!page) return false;
    // Appended to what the rows are now, as edits may have changed them meanwhile.
    this.rows = [...this.rows, ...page.rows];
    this.#endCursor = page.endCursor;
    return true;
  }

  async #loadBackward(generation: number): Promise<boolean> {
    const page = await this.#page(generation, { last: PAGE, before: this.#tailCursor });
    if (!page) return false;
    this.#tail = [...page.rows, ...this.#tail];
    this.#tailCursor = page.startCursor;
    return true;
  }

  /** Make one list of both parts once nothing is missing between them. */
  #join(): void {
    const overlap = this.rows.length + this.#tail.length - this.total;
    if (!this.#tail.length || overlap < 0) return;
    this.rows = [...this.rows, ...this.#tail.slice(overlap)];
    this.#tail = [];
    this.#tailCursor = this.#endCursor = null;
  }

  async #page(generation: number, range: { first?: number; after?: string | null; last?: number; before?: string | null }): Promise<Page | null> {
    const variables = { id: this.tableId, ...this.view, ...range, counting: range.first !== undefined && range.after === null };
    const request = uncachedClient.query(RowsDocument, variables).toPromise();
    this.#request = request;
    const { data, error } = await request;
    if (generation !== this.#generation) return null;
    this.problem = error ? messageOf(error) : null;
    const page = data?.table?.rows;
    if (!page) {
      this.notify();
      return null;
    }
    const endCursor = page.pageInfo.hasNextPage ? (page.pageInfo.endCursor ?? null) : null;
    const startCursor = page.pageInfo.startCursor ?? null;
    return { rows: page.nodes.map(toRow), startCursor, endCursor, total: page.totalCount ?? null };
  }

  /** Bring what somebody did into the window. */
  async #follow(revision: Revision): Promise<void> {
    this.revision = Math.max(this.revision, revision.number);
    if (this.#own.delete(revision.number)) return;
    const { changes } = revision;
    if (changes.some(({ kind }) => kind.startsWith("COLUMN") || kind === "TABLE_CHANGED")) this.onHeadChanged();
    const isLarge = changes.length > MAX_SINGLE_ROWS;
    if (isLarge || changes.some(({ kind }) => kind !== "CELL_CHANGED")) return this.reload();
    const ids = [...new Set(changes.flatMap(({ rowId }) => (rowId && this.#has(rowId) ? [rowId] : [])))];
    if (ids.length) {
      const { data } = await uncachedClient.query(RowsByIdsDocument, { ids }).toPromise();
      this.replace((data?.nodes ?? []).flatMap((node) => (node?.__typename === "Row" ? [node as RowItemFragment] : [])));
    }
    const cells = changes.flatMap(({ rowId, column }) => (rowId && column ? [cellKey(rowId, column)] : []));
    cells.forEach((cell) => this.fresh.add(cell));
    this.notify();
    setTimeout(() => { cells.forEach((cell) => this.fresh.delete(cell)); this.notify(); }, 4_000);
  }

  #has(rowId: string): boolean {
    return this.indexOf(rowId) >= 0;
  }

  /** Text that differs whenever the pending or fresh cells of a row do. */
  stateOf(rowId: string): string {
    if (!this.pending.size && !this.fresh.size) return "";
    const own = (key: string): boolean => key.startsWith(rowId);
    const edits = [...this.pending].filter(([key]) => own(key)).map(([key, { text, state }]) => `${key}=${state}${text}`);
    return [...edits, ...[...this.fresh].filter(own)].join(" ");
  }

  replace(items: readonly RowItemFragment[]): void {
    const rows = new Map(items.map((item) => [item.id, toRow(item)]));
    const newer = (row: Row): Row => {
      const next = rows.get(row.id);
      return next && next.version >= row.version ? next : row;
    };
    this.rows = this.rows.map(newer);
    this.#tail = this.#tail.map(newer);
    this.notify();
  }

  /**
   * Show the edits, send them, and settle them by the server's answer.
   *
   * Saved: the rows of the answer replace the shown ones. CONFLICT: the outcome has both values, and nothing was
   * written. Invalid: the outcome says which edit and why. Not reached: the edits stay shown, marked as unsent, and are
   * sent when the browser is online again or the server is back.
   */
  edit(edits: CellEdit[]): Promise<Outcome> {
    for (const { rowId, column, value } of edits) {
      this.pending.set(cellKey(rowId, column), { text: value ?? "", state: "saving" });
    }
    this.#waiting.push(...edits);
    this.notify();
    return this.#inTurn(() => this.#send(edits));
  }

  async #send(edits: CellEdit[]): Promise<Outcome> {
    for (let start = 0; start < edits.length; start += MAX_CELLS_PER_REQUEST) {
      const outcome = await this.#sendPart(edits.slice(start, start + MAX_CELLS_PER_REQUEST));
      if (outcome.kind === "saved") continue;
      const rest = edits.slice(start + MAX_CELLS_PER_REQUEST);
      if (outcome.kind === "unsent") this.#hold(rest);
      else this.#settle(rest);
      return outcome;
    }
    return { kind: "saved" };
  }

  async #sendPart(edits: CellEdit[]): Promise<Outcome> {
    const cells = edits.map(({ rowId, column, value, seenVersion }) => ({ rowId, column, value, expectedVersion: seenVersion }));
    const { data, error } = await uncachedClient.mutation(UpdateCellsDocument, { input: { tableId: this.tableId, cells } }).toPromise();
    if (error && isUnreachable(error)) return this.#hold(edits);
    this.#settle(edits);
    if (!data) return this.#refused(edits, error!);
    const { rows, revision } = data.updateCells;
    if (revision) this.recordRevision(revision.number);
    this.#rebase(rows);
    this.replace(rows);
    return { kind: "saved" };
  }

  #hold(edits: CellEdit[]): Outcome {
    this.#unsent.push(...edits);
    this.#waiting = this.#waiting.filter((edit) => !edits.includes(edit));
    for (const { rowId, column, value } of edits) {
      this.pending.set(cellKey(rowId, column), { text: value ?? "", state: "unsent" });
    }
    this.notify();
    return { kind: "unsent" };
  }

  async sendUnsent(): Promise<void> {
    const edits = this.#unsent.splice(0);
    if (edits.length) this.onUnsentOutcome(await this.edit(edits));
  }

  /** Set by the view: how an edit ended that was made offline. */
  onUnsentOutcome: (outcome: Outcome) => void = () => undefined;

  #settle(edits: CellEdit[]): void {
    this.#waiting = this.#waiting.filter((edit) => !edits.includes(edit));
    for (const { rowId, column } of edits) this.pending.delete(cellKey(rowId, column));
    for (const { rowId, column, value } of this.#waiting) {
      this.pending.set(cellKey(rowId, column), { text: value ?? "", state: "saving" });
    }
    this.notify();
  }

  /** Our own edit made the next version, so edits still waiting have seen it. */
  #rebase(rows: readonly RowItemFragment[]): void {
    for (const { id, version } of rows) {
      for (const edit of this.#waiting) {
        if (edit.rowId === id && edit.seenVersion === version - 1) edit.seenVersion = version;
      }
    }
  }

  #refused(edits: CellEdit[], error: CombinedError): Outcome {
    if (codeOf(error) === "CONFLICT") return { kind: "conflict", conflicts: conflictsOf(error), edits };
    const errors = fieldErrorsOf(error).flatMap(({ field, message }) => {
      const index = /cells\.(\d+)/.exec(field)?.[1];
      return index ? [{ index: Number(index), message }] : [];
    });
    return errors.length ? { kind: "invalid", errors, message: messageOf(error) } : { kind: "failed", message: messageOf(error) };
  }

  recordRevision(revision: number): void {
    this.#own.add(revision);
    this.#undo.push(revision);
    this.#redo = [];
  }

  get canUndo(): boolean { return this.#undo.length > 0 || this.pending.size > 0; }
  get canRedo(): boolean { return this.#redo.length > 0; }

  undo(): Promise<string | null> { return this.#inTurn(() => this.#revert(this.#undo, this.#redo)); }
  /** Undoing the undo. */
  redo(): Promise<string | null> { return this.#inTurn(() => this.#revert(this.#redo, this.#undo)); }

  /** Run after the edits that are on their way: the last of them is what an undo means. */
  #inTurn<Result>(step: () => Promise<Result>): Promise<Result> {
    const result = this.#queue.then(step);
    this.#queue = result.catch(() => undefined);
    return result;
  }

  async #revert(from: number[], to: number[]): Promise<string | null> {
    const revision = from.pop();
    if (revision === undefined) return null;
    const { data, error } = await uncachedClient
      .mutation(UndoRevisionDocument, { tableId: this.tableId, revision, force: false }).toPromise();
    if (!data) {
      if (error?.networkError) from.push(revision);
      this.notify();
      return messageOf(error!);
    }
    to.push(data.undoRevision.revision.number);
    this.#own.add(data.undoRevision.revision.number);
    this.onHeadChanged();
    await this.reload();
    return null;
  }

  /** Add rows at the end; returns what was refused. */
  async addRows(rows: Record<string, string | null>[]): Promise<string | null> {
    const { data, error } = await uncachedClient
      .mutation(AddRowsDocument, { input: { tableId: this.tableId, rows, onError: "REJECT_ALL" } }).toPromise();
    if (!data) return messageOf(error!);
    const [rejected] = data.addRows.rejected;
    if (data.addRows.revision) this.recordRevision(data.addRows.revision.number);
    const isAtEnd = !this.#endCursor && !this.view.sort?.length && !this.view.filter && !this.view.search;
    if (isAtEnd) {
      this.rows = [...this.rows, ...data.addRows.rows.map(toRow)];
      this.total = this.rows.length;
      this.notify();
    } else await this.reload();
    return rejected ? (rejected.fieldErrors[0]?.message ?? null) : null;
  }

  async deleteRows(rowIds: string[]): Promise<string | null> {
    const { data, error } = await uncachedClient
      .mutation(DeleteRowsDocument, { input: { tableId: this.tableId, rowIds } }).toPromise();
    if (!data) return messageOf(error!);
    if (data.deleteRows.revision) this.recordRevision(data.deleteRows.revision.number);
    this.rows = this.rows.filter(({ id }) => !rowIds.includes(id));
    this.#tail = this.#tail.filter(({ id }) => !rowIds.includes(id));
    this.total -= rowIds.length;
    this.notify();
    return null;
  }
}
