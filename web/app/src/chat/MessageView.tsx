import { ChevronLeft, ChevronRight, Copy, Pencil, RotateCcw, ThumbsDown, ThumbsUp } from "lucide-react";
import { memo, useState } from "react";
import { client } from "../api/client";
import { messageOf } from "../api/errors";
import { EditMessageDocument, RateMessageDocument, RegenerateReplyDocument, type MessageItemFragment } from "../api/generated";
import { formatTime, t } from "../i18n";
import { marks, type Mark } from "../provenance";
import { toast } from "../ui/Toasts";
import { AttachmentView } from "./AttachmentView";
import { Markdown } from "./Markdown";
import { MarkedText } from "./MarkedText";
import { replies } from "./replies";
import { copy } from "../ui/insecure";

const LONG = 4_000;

interface Props {
  message: MessageItemFragment;
  onBranch: (messageId: string | null) => void;
}

export const MessageView = memo(function MessageView({ message, onBranch }: Props) {
  const live = replies.use().get(message.id);
  const [isEditing, setEditing] = useState(false);
  const isPerson = message.role === "USER";
  const text = live ? live.text : message.text;
  const isWriting = message.status === "IN_PROGRESS";

  async function send(text: string): Promise<void> {
    const { error } = await client().mutation(EditMessageDocument, { messageId: message.id, text }).toPromise();
    if (error) return toast(messageOf(error));
    setEditing(false);
    onBranch(null);
  }

  return (
    <article className={`message ${isPerson ? "person" : "assistant"}`} aria-busy={isWriting} aria-label={t(isPerson ? "chat.you" : "chat.assistant")}>
      {isEditing ? <EditForm text={message.text} onSend={send} onCancel={() => setEditing(false)} /> : (
        <div className="bubble" dir="auto">
          {isPerson ? <PersonText text={text} textId={message.id} /> : <AssistantText text={text} textId={message.id} isWriting={isWriting} />}
          {message.attachments.map((attachment) => <AttachmentView key={attachment.id} attachment={attachment} />)}
          {message.error && <p className="problem" role="alert">{message.error.message}</p>}
          {(message.status === "STOPPED" || message.status === "INTERRUPTED") && <p className="hint">{t(`status.${message.status}`)}</p>}
        </div>
      )}
      {!isWriting && !isEditing && <Actions message={message} onBranch={onBranch} onEdit={() => setEditing(true)} />}
    </article>
  );
});

function PersonText({ text, textId }: { text: string; textId: string }) {
  const [isLong, setLong] = useState(text.length > LONG);
  const shown = isLong ? text.slice(0, LONG) : text;
  return (
    <div className={`text ${/[|\t]|(,.*){3}|(;.*){2}/.test(text) ? "data" : ""}`}>
      <MarkedText text={shown} textId={textId} />
      {isLong && <button type="button" className="link" onClick={() => setLong(false)}>{t("chat.showAll", { n: text.length })}</button>}
    </div>
  );
}

const NONE: readonly Mark[] = [];

function AssistantText({ text, textId, isWriting }: { text: string; textId: string; isWriting: boolean }) {
  const passages = marks.use().get(textId) ?? NONE;
  if (!text && isWriting) return <p className="thinking" role="status"><span className="hidden">{t("chat.thinking")}</span><i /><i /><i /></p>;
  return <div className={`markdown ${isWriting ? "writing" : ""}`}><Markdown text={text} textId={textId} marks={passages} /></div>;
}

function EditForm({ text, onSend, onCancel }: { text: string; onSend: (text: string) => Promise<void>; onCancel: () => void }) {
  const [value, setValue] = useState(text);
  return (
    <form className="edit-form" onSubmit={(event) => { event.preventDefault(); void onSend(value); }}>
      <textarea autoFocus value={value} rows={Math.min(12, value.split("\n").length + 1)} aria-label={t("chat.edit")} dir="auto" onChange={(event) => setValue(event.target.value)} onKeyDown={(event) => { if (event.key === "Escape") onCancel(); else if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) event.currentTarget.form?.requestSubmit(); }} />
      <div className="row">
        <button type="submit" className="primary" disabled={!value.trim()}>{t("chat.sendEdited")}</button>
        <button type="button" onClick={onCancel}>{t("cancel")}</button>
      </div>
    </form>
  );
}

function Actions({ message, onBranch, onEdit }: Props & { onEdit: () => void }) {
  const index = message.siblings.indexOf(message.id);
  const isPerson = message.role === "USER";
  const icon = { size: 15, "aria-hidden": true } as const;

  async function rate(rating: "UP" | "DOWN"): Promise<void> {
    const next = message.rating === rating ? null : rating;
    const { error } = await client().mutation(RateMessageDocument, { messageId: message.id, rating: next }).toPromise();
    if (error) toast(messageOf(error));
  }

  async function regenerate(): Promise<void> {
    const { error } = await client().mutation(RegenerateReplyDocument, { messageId: message.id }).toPromise();
    if (error) toast(messageOf(error));
    else onBranch(null);
  }

  return (
    <div className="actions">
      {message.siblings.length > 1 && (
        <span className="branches">
          <button type="button" className="icon-button" disabled={index <= 0} aria-label={t("chat.previousVersion")} onClick={() => onBranch(message.siblings[index - 1]!)}><ChevronLeft className="flip" {...icon} /></button>
          <span aria-live="polite">{index + 1} / {message.siblings.length}</span>
          <button type="button" className="icon-button" disabled={index >= message.siblings.length - 1} aria-label={t("chat.nextVersion")} onClick={() => onBranch(message.siblings[index + 1]!)}><ChevronRight className="flip" {...icon} /></button>
        </span>
      )}
      <button type="button" className="icon-button" aria-label={t("copy")} title={t("copy")} onClick={() => void copy(message.text)}><Copy {...icon} /></button>
      {isPerson && <button type="button" className="icon-button" aria-label={t("chat.edit")} title={t("chat.edit")} onClick={onEdit}><Pencil {...icon} /></button>}
      {!isPerson && <button type="button" className="icon-button" aria-label={t("chat.regenerate")} title={t("chat.regenerate")} onClick={() => void regenerate()}><RotateCcw {...icon} /></button>}
      {!isPerson && <button type="button" className="icon-button" aria-pressed={message.rating === "UP"} aria-label={t("chat.good")} title={t("chat.good")} onClick={() => void rate("UP")}><ThumbsUp {...icon} /></button>}
      {!isPerson && <button type="button" className="icon-button" aria-pressed={message.rating === "DOWN"} aria-label={t("chat.bad")} title={t("chat.bad")} onClick={() => void rate("DOWN")}><ThumbsDown {...icon} /></button>}
      <time dateTime={message.createdAt}>{formatTime(message.createdAt)}</time>
    </div>
  );
}
