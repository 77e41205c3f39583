import { useEffect, useState, useSyncExternalStore } from "react";
import { Provider, useQuery } from "urql";
import { client, rowsClient } from "./api/client";
import { AcceptInvitationDocument, MeDocument } from "./api/generated";
import { messageOf } from "./api/errors";
import { accessToken, isSignedIn, subscribeToSession } from "./api/session";
import { subscribeToConnection } from "./api/socket";
import { SignIn } from "./account/SignIn";
import { followActivity } from "./chat/activity";
import { Chat } from "./chat/Chat";
import { Sidebar } from "./chat/Sidebar";
import { Splitter } from "./ui/Splitter";
import { TablePane } from "./table/TablePane";
import { language, t } from "./i18n";
import { createStore } from "./ui/store";
import { route } from "./ui/route";
import { toast, Toasts } from "./ui/Toasts";

export function App() {
  const tag = language.use();
  const signedIn = useSyncExternalStore(subscribeToSession, isSignedIn);
  return (
    <Provider key={String(signedIn)} value={client()}>
      <Banner />
      {signedIn ? <Workspace key={tag} /> : <SignIn key={tag} />}
      <Toasts />
    </Provider>
  );
}

/** Pane that a narrow screen shows. */
export const pane = createStore<"chat" | "table">("chat");

function Workspace() {
  const { conversationId, tableId } = route.use();
  const [{ data, error }] = useQuery({ query: MeDocument });
  const [isMenuOpen, setMenuOpen] = useState(false);
  const shown = pane.use();
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
          <button type="button" aria-pressed={shown === "table"} onClick={() => pane.set("table")}>{t("table.title")}</button>
        </div>
        <Splitter isSingle={onlyTable}>
          {!onlyTable && <Chat key={conversationId ?? "new"} conversationId={conversationId} />}
          <TablePane key={conversationId ?? "none"} conversationId={conversationId} tableId={tableId} />
        </Splitter>
      </main>
    </div>
  );
}

/** A link from an invitation mail: `?invitation=…`. */
function useInvitation(): void {
  useEffect(() => {
    const token = new URLSearchParams(location.search).get("invitation");
    if (!token || !accessToken()) return;
    history.replaceState(null, "", `/${location.hash}`);
    void rowsClient.mutation(AcceptInvitationDocument, { token }).toPromise().then(({ error }) => toast(error ? messageOf(error) : t("organization.joined")));
  }, []);
}

function Banner() {
  const isOnline = useSyncExternalStore(
    (listener) => {
      addEventListener("online", listener);
      addEventListener("offline", listener);
      return () => { removeEventListener("online", listener); removeEventListener("offline", listener); };
    },
    () => navigator.onLine,
  );
  const [isConnected, setConnected] = useState(true);
  useEffect(() => subscribeToConnection(setConnected), []);
  if (isOnline && isConnected) return null;
  return <div className="offline" role="status">{t(isOnline ? "reconnecting" : "offline")}</div>;
}
