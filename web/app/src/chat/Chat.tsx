import { useCallback, useEffect, useRef, useState } from "react";
import { useQuery } from "urql";
import { client } from "../api/client";
import { messageOf } from "../api/errors";
import { ConversationDocument, SendMessageDocument, StopReplyDocument, type MessageItemFragment } from "../api/generated";
import { t } from "../i18n";
import { go } from "../ui/route";
import { toast } from "../ui/Toasts";
import { useLatest } from "../ui/useLatest";
import { activity } from "./activity";
import { Composer } from "./Composer";
import { MessageView } from "./MessageView";
import { followReply, replies } from "./replies";
import { Welcome } from "./Welcome";
import { newKey } from "../ui/insecure";

const PAGE = 40;

export function Chat({ conversationId }: { conversationId: string | null }) {
  const [throughId, setThroughId] = useState<string | null>(null);
  const [earlier, setEarlier] = useState<MessageItemFragment[]>([]);
  const [before, setBefore] = useState<string | null | undefined>(undefined);
  const [sending, setSending] = useState<string | null>(null);
  // A message whose answer was lost is sent again with the same key, so that it is not there twice.
  const attempt = useRef({ text: "", key: "" });
  const [{ data: response, error, fetching }, reload] = useQuery({
    query: ConversationDocument,
    variables: { id: conversationId ?? "", throughId, last: PAGE },
    pause: conversationId === null,
    requestPolicy: "cache-and-network",
  });
  const data = useLatest(response, `${conversationId} ${throughId}`);
  const conversation = conversationId ? data?.conversation : null;
  const page = conversation?.messages;
  const messages = [...earlier, ...(page?.edges.map(({ node }) => node) ?? [])];
  const writing = messages.findLast(({ status }) => status === "IN_PROGRESS");
  const cursor = before === undefined ? (page?.pageInfo.hasPreviousPage ? page.pageInfo.startCursor : null) : before;

  // A message of another tab or of a colleague.
  const changed = activity.use().Message ?? 0;
  useEffect(() => { if (changed) reload({ requestPolicy: "network-only" }); }, [changed, reload]);
  // At every rendering: an old response may show a reply as unfinished again, and following it corrects that.
  useEffect(() => { if (writing) followReply(writing.id); });

  const branch = useCallback((messageId: string | null) => {
    setThroughId(messageId);
    setEarlier([]);
    setBefore(undefined);
    reload({ requestPolicy: "network-only" });
  }, [reload]);

  async function showEarlier(): Promise<void> {
    const variables = { id: conversationId!, throughId, last: PAGE, before: cursor };
    const result = await client().query(ConversationDocument, variables, { requestPolicy: "network-only" }).toPromise();
    const older = result.data?.conversation?.messages;
    if (!older) return;
    setEarlier((all) => [...older.edges.map(({ node }) => node), ...all]);
    setBefore(older.pageInfo.hasPreviousPage ? older.pageInfo.startCursor : null);
  }

  async function send(text: string, files: File[]): Promise<boolean> {
    setSending(text);
    const parentId = throughId ? messages.at(-1)?.id : undefined;
    if (attempt.current.text !== text || files.length) attempt.current = { text, key: newKey() };
    const input = { text, conversationId, parentId, attachments: files.length ? files : null, idempotencyKey: attempt.current.key };
    const result = await client().mutation(SendMessageDocument, { input }).toPromise();
    setSending(null);
    if (!result.data) {
      toast(messageOf(result.error!));
      return false;
    }
    attempt.current = { text: "", key: "" };
    followReply(result.data.sendMessage.reply.id);
    if (conversationId) branch(null);
    else go({ conversationId: result.data.sendMessage.conversation.id });
    return true;
  }

  async function stop(): Promise<void> {
    const result = writing && (await client().mutation(StopReplyDocument, { messageId: writing.id }).toPromise());
    if (result?.error) toast(messageOf(result.error));
  }

  const isMissing = conversationId !== null && !fetching && !conversation;
  return (
    <section className="chat" aria-label={t("chat.title")}>
      <Scrolled count={messages.length}>
        {cursor && <button type="button" className="earlier" onClick={() => void showEarlier()}>{t("chat.earlier")}</button>}
        {!conversationId && !sending && <Welcome onChoose={(text) => void send(text, [])} />}
        {isMissing && <p className="empty">{error ? messageOf(error) : t("chat.missing")}</p>}
        {messages.map((message) => <MessageView key={message.id} message={message} onBranch={branch} />)}
        {sending !== null && <article className="message person"><div className="bubble sending" dir="auto"><div className="text">{sending.slice(0, 2_000)}</div></div></article>}
      </Scrolled>
      <Composer key={conversationId ?? "new"} draftKey={conversationId ?? "new"} isWriting={writing !== undefined} onSend={send} onStop={() => void stop()} />
    </section>
  );
}

/** List that stays at its end while it grows, unless the person has scrolled up. */
function Scrolled({ count, children }: { count: number; children: React.ReactNode }) {
  const list = useRef<HTMLDivElement>(null);
  const isAtEnd = useRef(true);
  const live = replies.use();
  useEffect(() => { isAtEnd.current = true; }, [count]);
  useEffect(() => {
    if (isAtEnd.current) list.current?.scrollTo({ top: list.current.scrollHeight });
  }, [count, live]);
  return (
    <div
      ref={list}
      className="messages"
      tabIndex={0}
      role="log"
      aria-label={t("chat.messages")}
      onScroll={({ currentTarget: { scrollHeight, scrollTop, clientHeight } }) => { isAtEnd.current = scrollHeight - scrollTop - clientHeight < 60; }}
    >{children}</div>
  );
}
