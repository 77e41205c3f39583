import { Plus, Upload } from "lucide-react";
import { useEffect, useRef, useState } from "react";
import { useQuery } from "urql";
import { client } from "../api/client";
import { messageOf } from "../api/errors";
import { CreateTableDocument, PendingProposalsDocument, TablesDocument, ConversationDocument, MessageByIdDocument, type ProposalItemFragment } from "../api/generated";
import { activity } from "../chat/activity";
import { endedReplies, replies } from "../chat/replies";
import { t } from "../i18n";
import { go } from "../ui/route";
import { toast } from "../ui/Toasts";
import { useLatest } from "../ui/useLatest";
import { ImportDialog } from "./ImportDialog";
import { ReviewGrid } from "./ReviewGrid";
import { TableView } from "./TableView";
import { newKey } from "../ui/insecure";

interface Props { conversationId: string | null; tableId: string | null }

/** Tables of the conversation in tabs, those that a reply is writing, and proposals that wait for a decision. */
export function TablePane({ conversationId, tableId }: Props) {
  const [isImporting, setImporting] = useState(false);
  const changes = activity.use();
  const ended = endedReplies.use() + (changes.Table ?? 0) + (changes.Proposal ?? 0);
  const [{ data: response }, reload] = useQuery({
    query: TablesDocument, variables: { conversationId }, pause: !conversationId, requestPolicy: "cache-and-network",
  });
  const data = useLatest(response, conversationId ?? "");
  useEffect(() => { if (ended) reload({ requestPolicy: "network-only" }); }, [ended, reload]);

  // The server lists the newest first; tabs stand in the order in which the tables came.
  const tables = ((conversationId ? data?.tables.nodes : null) ?? []).toReversed();
  const selected = tableId ?? tables.at(-1)?.id ?? null;
  const growing = [...replies.use().values()].flatMap(({ proposals }) => [...proposals.values()]).filter(({ status }) => status !== "REJECTED");
  const { pending, refresh } = usePendingProposals(conversationId, selected, ended);
  // A new proposal comes to the front, once.
  const [reviewId, setReviewId] = useState<string | null>(null);
  const shown = useRef(new Set<string>());
  useEffect(() => {
    const fresh = pending.find(({ id }) => !shown.current.has(id));
    pending.forEach(({ id }) => shown.current.add(id));
    if (fresh) setReviewId(fresh.id);
  }, [pending]);

  function onApplied(id: string): void {
    setReviewId(null);
    refresh();
    reload({ requestPolicy: "network-only" });
    go({ conversationId, tableId: id }, true);
  }

  async function create(): Promise<void> {
    const columns = (["TEXT", "DECIMAL", "DATE"] as const).map((type, index) => ({ name: t("table.column", { n: index + 1 }), type }));
    const input = { name: t("table.untitled"), columns, conversationId, idempotencyKey: newKey() };
    const result = await client().mutation(CreateTableDocument, { input }).toPromise();
    if (!result.data) return toast(messageOf(result.error!));
    reload({ requestPolicy: "network-only" });
    go({ conversationId, tableId: result.data.createTable.table.id }, true);
  }

  const live = growing.at(-1);
  const review = pending.find(({ id }) => id === reviewId);
  const isTableShown = !live && !review;
  return (
    <section className="table-pane" aria-label={t("table.title")}>
      <div className="tabs">
        <nav aria-label={t("table.list")}>
          {tables.map((table) => (
            <a key={table.id} href={`#/c/${conversationId}/t/${table.id}`} aria-current={table.id === selected && isTableShown ? "page" : undefined} dir="auto" onClick={() => setReviewId(null)}>{table.name}</a>
          ))}
          {pending.map(({ id, tableName }) => (
            <button key={id} type="button" className="tab" aria-pressed={id === review?.id} onClick={() => setReviewId(id)}><span className="pending-dot" aria-hidden="true" />{t("review.tab", { name: tableName })}</button>
          ))}
        </nav>
        <button type="button" className="icon-button" aria-label={t("table.new")} title={t("table.new")} onClick={() => void create()}><Plus size={17} aria-hidden /></button>
        <button type="button" className="icon-button" aria-label={t("import.title")} title={t("import.title")} onClick={() => setImporting(true)}><Upload size={17} aria-hidden /></button>
      </div>
      {live ? <ReviewGrid key={live.id} proposal={live} isGrowing onDone={onApplied} />
        : review ? <ReviewGrid key={review.id} proposal={review} isGrowing={false} onDone={onApplied} onRejected={refresh} />
        : selected ? <TableView key={selected} tableId={selected} onDeleted={() => { reload({ requestPolicy: "network-only" }); go({ conversationId }, true); }} />
        : <Empty onCreate={() => void create()} onImport={() => setImporting(true)} />}
      {isImporting && <ImportDialog conversationId={conversationId} onClose={() => setImporting(false)} onImported={(id) => { setImporting(false); onApplied(id); }} />}
    </section>
  );
}

function Empty({ onCreate, onImport }: { onCreate: () => void; onImport: () => void }) {
  return (
    <div className="empty-table">
      <div className="ghost" aria-hidden="true">{Array.from({ length: 24 }, (_, i) => <i key={i} />)}</div>
      <h2>{t("table.emptyTitle")}</h2>
      <p>{t("table.emptyText")}</p>
      <div className="row center">
        <button type="button" onClick={onImport}>{t("import.title")}</button>
        <button type="button" onClick={onCreate}>{t("table.new")}</button>
      </div>
    </div>
  );
}

/** Proposals of the conversation's last messages and of the table that wait for a decision, with their changes. */
function usePendingProposals(conversationId: string | null, tableId: string | null, ended: number) {
  const [pending, setPending] = useState<ProposalItemFragment[]>([]);
  const [count, setCount] = useState(0);
  useEffect(() => {
    let isCurrent = true;
    setPending([]);
    void load(conversationId, tableId).then((result) => { if (isCurrent) setPending(result); });
    return () => { isCurrent = false; };
  }, [conversationId, tableId, ended, count]);
  return { pending, refresh: () => setCount((old) => old + 1) };
}

async function load(conversationId: string | null, tableId: string | null): Promise<ProposalItemFragment[]> {
  const fresh = { requestPolicy: "network-only" } as const;
  const ofTable = tableId ? (await client().query(PendingProposalsDocument, { tableId }, fresh).toPromise()).data?.table?.proposals ?? [] : [];
  if (!conversationId) return ofTable;
  const { data } = await client().query(ConversationDocument, { id: conversationId, last: 10, throughId: null }, fresh).toPromise();
  const messages = data?.conversation?.messages.edges.map(({ node }) => node) ?? [];
  const holders = messages.filter(({ proposals }) => proposals.some(({ status }) => status === "PENDING"));
  const results = await Promise.all(holders.map(({ id }) => client().query(MessageByIdDocument, { id }, fresh).toPromise()));
  const ofMessages = results.flatMap(({ data: detail }) => detail?.message?.proposals ?? []).filter(({ status, isComplete }) => status === "PENDING" && isComplete);
  return [...new Map([...ofMessages, ...ofTable].map((proposal) => [proposal.id, proposal])).values()];
}
