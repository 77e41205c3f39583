import { X } from "lucide-react";
import { useEffect, useState } from "react";
import { client } from "../api/client";
import { messageOf } from "../api/errors";
import { TableHistoryDocument, UndoRevisionDocument, type TableHistoryQuery } from "../api/generated";
import type { RowStore } from "../grid/rowStore";
import type { Column } from "../grid/types";
import { formatTime, t } from "../i18n";
import { toast } from "../ui/Toasts";

type History = NonNullable<TableHistoryQuery["table"]>["history"];

interface Props {
  table: { id: string; revision: number };
  cell: { rowId: string; column: string } | null;
  store: RowStore;
  columns: Column[];
  onShow: (revision: number) => void;
  onClose: () => void;
}

/** Revisions of the table or of one cell: who, when, from what; each can be looked at and undone. */
export function HistoryPanel({ table, cell, store, columns, onShow, onClose }: Props) {
  const [pages, setPages] = useState<History[]>([]);
  const last = pages.at(-1)?.pageInfo;
  const column = columns.find(({ key }) => key === cell?.column);

  async function load(after: string | null): Promise<void> {
    const variables = { id: table.id, rowId: cell?.rowId, column: cell?.column, after };
    const { data } = await client().query(TableHistoryDocument, variables, { requestPolicy: "network-only" }).toPromise();
    const page = data?.table?.history;
    if (page) setPages((old) => (after ? [...old, page] : [page]));
  }
  useEffect(() => { void load(null); }, [cell?.rowId, cell?.column, store.revision, store.rows]);

  async function undo(revision: number): Promise<void> {
    const { data, error } = await client().mutation(UndoRevisionDocument, { tableId: table.id, revision, force: false }).toPromise();
    if (!data) return toast(messageOf(error!));
    store.recordRevision(data.undoRevision.revision.number);
    await store.reload();
  }

  return (
    <aside className="history" aria-label={t("history.title")}>
      <header><h3 dir="auto">{column ? t("history.of", { name: column.name }) : t("history.title")}</h3><button type="button" className="icon-button" aria-label={t("close")} onClick={onClose}><X size={16} aria-hidden /></button></header>
      <ol>
        {pages.flatMap(({ nodes }) => nodes).map((revision) => (
          <li key={revision.id}>
            <div className="hint">#{revision.number} · {t(`source.${revision.source}`)}{revision.actor && <> · <span dir="auto">{revision.actor.name}</span></>} · <time dateTime={revision.at}>{formatTime(revision.at)}</time></div>
            <div dir="auto">{revision.summary}</div>
            {cell && revision.changes.map((change, index) => (
              <div key={index} className="delta"><del dir="auto">{text(change.old, cell.column)}</del> → <ins dir="auto">{text(change.new, cell.column)}</ins>{change.source && <q dir="auto">{change.source.quote}</q>}</div>
            ))}
            <div className="row">
              <button type="button" className="link" onClick={() => onShow(revision.number)}>{t("history.show")}</button>
              <button type="button" className="link" onClick={() => void undo(revision.number)}>{t("history.undo")}</button>
            </div>
          </li>
        ))}
      </ol>
      {last?.hasNextPage && <button type="button" onClick={() => void load(last.endCursor ?? null)}>{t("more")}</button>}
    </aside>
  );
}

/** A cell's value, also out of the whole row that was added or deleted. */
function text(value: unknown, column: string): string {
  if (value !== null && typeof value === "object" && !Array.isArray(value)) {
    const row = value as Record<string, unknown>;
    return text((row.values as Record<string, unknown> | undefined)?.[column] ?? row[column], column);
  }
  return value === null || value === undefined ? t("grid.empty") : String(value);
}
