/**
 * Links between cells and the words they were read from.
 *
 * `marks` has, for each message or file, the passages that cells came from. `activeSource` is the passage of the
 * cell that has the pointer or the focus. `litCells` are the cells of a passage that somebody chose.
 */
import type { Cell, Source } from "./grid/types";
import { createStore } from "./ui/store";

export type Trust = "exact" | "fuzzy" | "mismatch" | "assistant" | "edited" | "none";

export interface Mark {
  start: number;
  end: number;
  trust: Trust;
  cells: string[];
}

export const marks = createStore<ReadonlyMap<string, Mark[]>>(new Map());
export const activeSource = createStore<Source | null>(null);
export const litCells = createStore<ReadonlySet<string>>(new Set());

export function trustOf(cell: Pick<Cell, "source" | "editedBy">): Trust {
  if (cell.editedBy) return "edited";
  return cell.source ? trustOfSource(cell.source) : "none";
}

export function trustOfSource(source: Source): Trust {
  if (source.grounding === "MISMATCH") return "mismatch";
  if (source.origin === "ASSISTANT") return "assistant";
  if (source.grounding === "EXACT") return "exact";
  return source.grounding === "FUZZY" ? "fuzzy" : "none";
}

/** Shape beside the colour, so that nobody needs to tell colours apart. */
export const SYMBOLS: Record<Trust, string> = {
  exact: "●", fuzzy: "≈", mismatch: "≠", assistant: "✦", edited: "✎", none: "",
};

export function textIdOf(source: Source): string | null {
  return source.attachment?.id ?? source.message?.id ?? null;
}

/** Collect the passages of cells; one passage may be the source of several. */
export function collectMarks(cells: Iterable<{ key: string; source: Source | null; trust: Trust }>): Map<string, Mark[]> {
  const texts = new Map<string, Map<string, Mark>>();
  for (const { key, source, trust } of cells) {
    const textId = source && textIdOf(source);
    if (!textId || source.end <= source.start || trust === "none") continue;
    const passages = texts.get(textId) ?? new Map<string, Mark>();
    texts.set(textId, passages);
    const id = `${source.start}-${source.end}`;
    const mark = passages.get(id) ?? { start: source.start, end: source.end, trust, cells: [] };
    mark.cells.push(key);
    passages.set(id, mark);
  }
  return new Map([...texts].map(([textId, passages]) => [textId, [...passages.values()].sort((a, b) => a.start - b.start)]));
}

export interface Segment { text: string; mark: Mark | null }

/** Cut a text at its marks; the server counts code points, and a mark inside another is left out. */
export function segmentsOf(text: string, passages: readonly Mark[]): Segment[] {
  if (!passages.length) return [{ text, mark: null }];
  const points = Array.from(text);
  const segments: Segment[] = [];
  let end = 0;
  for (const mark of passages) {
    if (mark.start < end || mark.end > points.length) continue;
    if (mark.start > end) segments.push({ text: points.slice(end, mark.start).join(""), mark: null });
    segments.push({ text: points.slice(mark.start, mark.end).join(""), mark });
    end = mark.end;
  }
  if (end < points.length) segments.push({ text: points.slice(end).join(""), mark: null });
  return segments;
}

export function isActive(mark: Pick<Mark, "start" | "end">, textId: string, source: Source | null): boolean {
  return source !== null && textIdOf(source) === textId && source.start < mark.end && mark.start < source.end;
}
