import { useState } from "react";
import { useQuery } from "urql";
import { client } from "../api/client";
import { messageOf } from "../api/errors";
import { ConversationDocument, ShareConversationDocument, UnshareConversationDocument, UpdateConversationDocument, type ExtractionMode, type Visibility } from "../api/generated";
import { formatDay, t } from "../i18n";
import { Dialog } from "../ui/Dialog";
import { SelectField } from "../ui/SelectField";
import { toast } from "../ui/Toasts";
import { copy } from "../ui/insecure";

/** Read-only link, colleagues' access, and handling of tables in one conversation. */
export function ShareDialog({ conversationId, onClose }: { conversationId: string; onClose: () => void }) {
  const [{ data }] = useQuery({ query: ConversationDocument, variables: { id: conversationId, throughId: null, last: 10 } });
  const [link, setLink] = useState<{ url: string; expiresAt: string } | null>(null);
  const conversation = data?.conversation;
  const url = link?.url ?? conversation?.shareUrl;
  const address = url ? new URL(url, location.origin).href : null;

  async function share(): Promise<void> {
    const { data, error } = await client().mutation(ShareConversationDocument, { conversationId }).toPromise();
    if (!data?.shareConversation.shareUrl) return toast(error ? messageOf(error) : t("share.failed"));
    setLink({ url: data.shareConversation.shareUrl, expiresAt: data.shareConversation.expiresAt });
  }

  async function unshare(): Promise<void> {
    const { error } = await client().mutation(UnshareConversationDocument, { conversationId }).toPromise();
    if (error) return toast(messageOf(error));
    setLink(null);
  }

  async function update(change: { visibility?: Visibility; extraction?: ExtractionMode }): Promise<void> {
    const { error } = await client().mutation(UpdateConversationDocument, { input: { id: conversationId, ...change } }).toPromise();
    if (error) toast(messageOf(error));
  }

  return (
    <Dialog title={t("share.title")} onClose={onClose}>
      <h3>{t("share.link")}</h3>
      <p className="hint">{t("share.text")}</p>
      {address ? (
        <div className="row">
          <input readOnly value={address} aria-label={t("share.link")} className="grow" onFocus={(event) => event.target.select()} />
          <button type="button" onClick={() => void copy(address)}>{t("copy")}</button>
          <button type="button" onClick={() => void unshare()}>{t("share.end")}</button>
        </div>
      ) : <button type="button" className="primary" onClick={() => void share()}>{t("share.create")}</button>}
      {link && <p className="hint">{t("share.until", { date: formatDay(link.expiresAt) })}</p>}
      {conversation && <>
        <SelectField label={t("share.visibility")} value={conversation.visibility} onChange={(event) => void update({ visibility: event.target.value as Visibility })}>{(["PRIVATE", "ORGANIZATION"] as const).map((one) => <option key={one} value={one}>{t(`visibility.${one}`)}</option>)}</SelectField>
        <SelectField label={t("share.extraction")} value={conversation.extraction} onChange={(event) => void update({ extraction: event.target.value as ExtractionMode })}>{(["AUTO", "REVIEW", "OFF"] as const).map((one) => <option key={one} value={one}>{t(`extraction.${one}`)}</option>)}</SelectField>
      </>}
    </Dialog>
  );
}
