import type { ReactNode } from "react";
import { t } from "../i18n";
import { activeSource, isActive, litCells, marks, segmentsOf, SYMBOLS, type Mark } from "../provenance";
import { createStore } from "../ui/store";

/** Cells that somebody asked to see, by clicking their words. */
export const chosenCells = createStore<{ cells: string[]; count: number }>({ cells: [], count: 0 });

function chooseCells(mark: Mark): void {
  litCells.set(new Set(mark.cells));
  chosenCells.set(({ count }) => ({ cells: mark.cells, count: count + 1 }));
}

/** Text as it was sent, with the words that cells came from. */
export function MarkedText({ text, textId }: { text: string; textId: string }) {
  const passages = marks.use().get(textId) ?? [];
  return (
    <>
      {segmentsOf(text, passages).map(({ text: part, mark }, index) => (mark ? <PassageMark key={index} mark={mark} textId={textId}>{part}</PassageMark> : part))}
    </>
  );
}

/** Words that cells came from: they light up with their cell, and a click shows the cells. */
export function PassageMark({ mark, textId, children }: { mark: Mark; textId: string; children?: ReactNode }) {
  const active = activeSource.use();
  return (
    <mark
      className={`trust-${mark.trust} ${isActive(mark, textId, active) ? "active" : ""}`}
      role="button"
      tabIndex={-1}
      title={t(`trust.${mark.trust}`)}
      onClick={() => chooseCells(mark)}
      onMouseEnter={() => litCells.set(new Set(mark.cells))}
      onMouseLeave={() => litCells.set(new Set())}
    >{children}{mark.trust !== "exact" && <span className="mark-symbol" aria-hidden="true">{SYMBOLS[mark.trust]}</span>}</mark>
  );
}
