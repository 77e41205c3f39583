/** The screen behind the sign-in: conversations, chat and table. A file of its own in the build, loaded after the form. */
import { useEffect, useState } from "react";
import { Provider, useQuery } from "urql";
import { client } from "./api/client";
import { AcceptInvitationDocument, MeDocument } from "./api/generated";
import { messageOf } from "./api/errors";
import { accessToken } from "./api/session";
import { uncachedClient } from "./api/uncached";
import { followActivity } from "./chat/activity";
import { Banner } from "./Banner";
import { Chat } from "./chat/Chat";
import { replies } from "./chat/replies";
import { Sidebar } from "./chat/Sidebar";
import { Splitter } from "./ui/Splitter";
import { TablePane } from "./table/TablePane";
import { t } from "./i18n";
import { createStore } from "./ui/store";
import { route } from "./ui/route";
import { toast } from "./ui/Toasts";

export default function Workspace() {
  return <Provider value={client()}><Banner /><Screen /></Provider>;
}

/** Pane that a narrow screen shows. */
export const pane = createStore<"chat" | "table">("chat");

function Screen() {
  const { conversationId, tableId } = route.use();
  const [{ data, error }] = useQuery({ query: MeDocument });
  const [isMenuOpen, setMenuOpen] = useState(false);
  const shown = pane.use();
  const hasNews = useNews(shown);
  useInvitation();
  useEffect(followActivity, []);
  useEffect(() => setMenuOpen(false), [conversationId, tableId]);
  const onlyTable = tableId !== null && conversationId === null;
  return (
    <div className={`workspace shows-${onlyTable ? "table" : shown} ${isMenuOpen ? "menu-open" : ""}`}>
      <Sidebar me={data?.me ?? null} onToggle={() => setMenuOpen(!isMenuOpen)} />
      {isMenuOpen && <button type="button" className="backdrop" aria-label={t("close")} onClick={() => setMenuOpen(false)} />}
      <main>
        <h1 className="hidden">SheetGPT</h1>
        {error && !data && <p className="note problem" role="alert">{messageOf(error)}</p>}
        {data?.serverInfo.offline && !conversationId && !onlyTable && <p className="note" role="note">{t("offlineModel")}</p>}
        <div className="pane-switch" role="group" aria-label={t("panes")}>
          <button type="button" aria-pressed={shown === "chat"} onClick={() => pane.set("chat")}>{t("chat.title")}</button>
          <button type="button" aria-pressed={shown === "table"} onClick={() => pane.set("table")}>{t("table.title")}{hasNews && <span className="news" role="img" aria-label={t("table.news")} />}</button>
        </div>
        <Splitter isSingle={onlyTable}>
          {!onlyTable && <Chat key={conversationId ?? "new"} conversationId={conversationId} />}
          <TablePane key={conversationId ?? "none"} conversationId={conversationId} tableId={tableId} />
        </Splitter>
      </main>
    </div>
  );
}

/** Whether a table has grown since the table was last in view; only a narrow screen hides it. */
function useNews(shown: "chat" | "table"): boolean {
  const growing = [...replies.use().values()].some(({ proposals }) => proposals.size > 0);
  const [hasNews, setNews] = useState(false);
  useEffect(() => { if (growing || shown === "table") setNews(shown === "chat"); }, [growing, shown]);
  return hasNews;
}

/** A link from an invitation mail: `?invitation=…`. */
function useInvitation(): void {
  useEffect(() => {
    const token = new URLSearchParams(location.search).get("invitation");
    if (!token || !accessToken()) return;
    history.replaceState(null, "", `/${location.hash}`);
    void uncachedClient.mutation(AcceptInvitationDocument, { token }).toPromise().then(({ error }) => toast(error ? messageOf(error) : t("organization.joined")));
  }, []);
}
