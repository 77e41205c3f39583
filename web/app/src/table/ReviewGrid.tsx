import { useVirtualizer } from "@tanstack/react-virtual";
import { Check, X } from "lucide-react";
import { useEffect, useMemo, useRef, useState } from "react";
import { client } from "../api/client";
import { codeOf, messageOf } from "../api/errors";
import { ApplyProposalDocument, RejectProposalDocument, RowsByIdsDocument, type ProposalItemFragment } from "../api/generated";
import { cellKey, isNumeric, toRow, type Row } from "../grid/types";
import { t } from "../i18n";
import { activeSource, collectMarks, litCells, marks, SYMBOLS, trustOfSource } from "../provenance";
import { toast } from "../ui/Toasts";
import { groupByRow, proposedText, type ProposedRow } from "./review";

const ROW_HEIGHT = 40;

interface Props {
  proposal: ProposalItemFragment;
  isGrowing: boolean;
  onDone: (tableId: string) => void;
  onRejected?: () => void;
}

/** Proposal as a diff: rows and cells that would be added or changed, each with its source, to accept, edit or reject. */
export function ReviewGrid({ proposal, isGrowing, onDone, onRejected }: Props) {
  const rows = useMemo(() => groupByRow(proposal.changes), [proposal.changes]);
  const context = useExistingRows(rows);
  const [excluded, setExcluded] = useState<ReadonlySet<string>>(new Set());
  const [edits, setEdits] = useState<ReadonlyMap<string, string>>(new Map());
  const [problem, setProblem] = useState<string | null>(null);
  const [canForce, setCanForce] = useState(false);
  const chosen = rows.filter(({ id }) => !excluded.has(id));
  const scroller = useRef<HTMLDivElement>(null);
  const lit = litCells.use();
  const virtual = useVirtualizer({ count: rows.length, getScrollElement: () => scroller.current, estimateSize: () => ROW_HEIGHT, overscan: 8 });

  useEffect(() => {
    marks.set(collectMarks(rows.flatMap(({ id, cells }) => [...cells].map(([column, { source }]) => ({
      key: cellKey(id, column), source: source ?? null, trust: source ? trustOfSource(source) : "none" as const,
    })))));
    return () => marks.set(new Map());
  }, [rows]);
  useEffect(() => { if (isGrowing) scroller.current?.scrollTo({ top: scroller.current.scrollHeight }); }, [rows.length, isGrowing]);

  async function apply(force: boolean): Promise<void> {
    const changeIds = chosen.length === rows.length ? null : chosen.flatMap(({ changeIds }) => changeIds);
    const input = { id: proposal.id, changeIds, edits: [...edits].map(([changeId, value]) => ({ changeId, value: value || null })), force };
    const { data, error } = await client().mutation(ApplyProposalDocument, { input }).toPromise();
    if (!data) {
      setProblem(messageOf(error!));
      return setCanForce(codeOf(error) === "CONFLICT");
    }
    toast(t("review.applied", { n: chosen.length }));
    onDone(data.applyProposal.table.id);
  }

  async function reject(): Promise<void> {
    const { error } = await client().mutation(RejectProposalDocument, { id: proposal.id }).toPromise();
    if (error) setProblem(messageOf(error));
    else onRejected?.();
  }

  function toggle(id: string): void {
    const next = new Set(excluded);
    if (!next.delete(id)) next.add(id);
    setExcluded(next);
  }

  const added = rows.filter((row) => row.added).length;
  return (
    <div className="review">
      <div className={`banner ${isGrowing ? "growing" : ""}`} role="status">
        <span className="grow">
          <strong dir="auto">{proposal.tableName}</strong>{" "}
          {isGrowing ? t("review.growing", { n: rows.length }) : [added && t("review.added", { n: added }), rows.length > added && t("review.changed", { n: rows.length - added })].filter(Boolean).join(", ")}
        </span>
        {!isGrowing && <>
          <button type="button" className="primary" disabled={!chosen.length} onClick={() => void apply(false)}><Check size={16} aria-hidden /> {chosen.length === rows.length ? t("review.acceptAll") : t("review.accept", { n: chosen.length })}</button>
          <button type="button" onClick={() => void reject()}><X size={16} aria-hidden /> {t("review.reject")}</button>
        </>}
      </div>
      {proposal.notes.map((note) => <p key={note} className="note" dir="auto">{note}</p>)}
      {proposal.problem && <p className="note problem" dir="auto">{proposal.problem}</p>}
      {problem && <p className="note problem" role="alert">{problem} {canForce && <button type="button" className="link" onClick={() => void apply(true)}>{t("review.force")}</button>}</p>}
      <div ref={scroller} className="review-scroll" tabIndex={0} role="region" aria-label={t("review.changes")}>
        <table className="review-table">
          <thead>
            <tr>
              <th scope="col"><span className="hidden">{t("review.choose")}</span></th>
              {proposal.columns.map((column) => <th key={column.key} scope="col" dir="auto">{column.name}</th>)}
            </tr>
          </thead>
          <tbody>
            <Space height={virtual.getVirtualItems()[0]?.start ?? 0} />
            {virtual.getVirtualItems().map(({ index }) => {
              const row = rows[index]!;
              const isIn = !excluded.has(row.id);
              return (
                <tr key={row.id} className={`${row.added ? "added" : row.removed ? "removed" : "changed"} ${isIn ? "" : "excluded"}`}>
                  <td className="sign">
                    {isGrowing ? "+" : <label><input type="checkbox" checked={isIn} onChange={() => toggle(row.id)} aria-label={t("review.row", { n: index + 1 })} /><span aria-hidden="true">{row.added ? "+" : row.removed ? "−" : "±"}</span></label>}
                  </td>
                  {proposal.columns.map((column) => (
                    <ProposedCell
                      key={column.key} row={row} column={column} existing={context.get(row.id)}
                      isLit={lit.has(cellKey(row.id, column.key))}
                      edited={edits.get(row.cells.get(column.key)?.id ?? "")}
                      onEdit={isGrowing ? null : (id, value) => setEdits(new Map(edits).set(id, value))}
                    />
                  ))}
                </tr>
              );
            })}
            <Space height={virtual.getTotalSize() - (virtual.getVirtualItems().at(-1)?.end ?? 0)} />
          </tbody>
        </table>
      </div>
    </div>
  );
}

function Space({ height }: { height: number }) {
  return height > 0 ? <tr aria-hidden="true"><td style={{ height }} /></tr> : null;
}

interface CellProps {
  row: ProposedRow;
  column: ProposalItemFragment["columns"][number];
  existing: Row | undefined;
  isLit: boolean;
  edited: string | undefined;
  onEdit: ((changeId: string, value: string) => void) | null;
}

function ProposedCell({ row, column, existing, isLit, edited, onEdit }: CellProps) {
  const change = row.cells.get(column.key);
  const source = change?.source ?? null;
  const trust = source ? trustOfSource(source) : "none";
  if (!change) {
    const value = (row.added?.new as Record<string, unknown> | undefined)?.[column.key];
    return <td className="context" dir="auto">{row.added ? proposedText(value) : existing?.cells.get(column.key)?.text}</td>;
  }
  const text = edited ?? proposedText(change.new);
  const old = row.added ? "" : proposedText(change.old);
  return (
    <td
      className={`trust-${trust} ${isNumeric(column) ? "number" : ""} ${isLit ? "lit" : ""} ${row.added ? "" : "changed"}`}
      title={change.problem ?? (source ? `${t(`trust.${trust}`)}: ${source.quote}` : undefined)}
      onMouseEnter={() => activeSource.set(source)}
      onMouseLeave={() => activeSource.set(null)}
    >
      {old && <del dir="auto">{old}</del>}
      {onEdit
        ? <input value={text} dir="auto" aria-label={column.name} aria-invalid={change.problem !== null} onFocus={() => activeSource.set(source)} onBlur={() => activeSource.set(null)} onChange={(event) => onEdit(change.id, event.target.value)} />
        : <span dir="auto">{text}</span>}
      {trust !== "none" && <span className="trust" role="img" aria-label={t(`trust.${trust}`)}>{SYMBOLS[trust]}</span>}
      {change.overwritesHuman && <span className="badge">{t("review.overwrites")}</span>}
    </td>
  );
}

/** Rows of the table that the proposal changes, for the cells beside the changed ones. */
function useExistingRows(rows: readonly ProposedRow[]): ReadonlyMap<string, Row> {
  const [existing, setExisting] = useState<ReadonlyMap<string, Row>>(new Map());
  const ids = rows.filter(({ added }) => !added).map(({ id }) => id).slice(0, 100).join(" ");
  useEffect(() => {
    if (!ids) return;
    void client().query(RowsByIdsDocument, { ids: ids.split(" ") }).toPromise().then(({ data }) => {
      const items = data?.nodes.flatMap((node) => (node?.__typename === "Row" ? [toRow(node)] : [])) ?? [];
      setExisting(new Map(items.map((row) => [row.id, row])));
    });
  }, [ids]);
  return existing;
}
