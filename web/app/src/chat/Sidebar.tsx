import { MessageSquare, MoreHorizontal, PanelLeft, Plus, RotateCcw, Search, Table2 } from "lucide-react";
import { useEffect, useState } from "react";
import { useQuery } from "urql";
import { AccountDialog } from "../account/AccountDialog";
import { Notifications } from "../account/Notifications";
import { UsersDialog } from "../account/UsersDialog";
import { client } from "../api/client";
import { messageOf } from "../api/errors";
import { ConversationsDocument, DeleteConversationDocument, LogOutDocument, RestoreDocument, SearchMessagesDocument, TablesDocument, UpdateConversationDocument, type ConversationItemFragment, type MeQuery } from "../api/generated";
import { signOut } from "../api/session";
import { chooseLanguage, formatTime, language, languageNames, t } from "../i18n";
import { OrganizationsDialog } from "../organizations/OrganizationsDialog";
import { RenameDialog } from "../table/RenameDialog";
import { Logo } from "../ui/Logo";
import { Menu } from "../ui/Menu";
import { go, route } from "../ui/route";
import { chooseTheme, theme, type Theme } from "../ui/theme";
import { toast } from "../ui/Toasts";
import { useDelayed } from "../ui/useDelayed";
import { useLatest } from "../ui/useLatest";
import { activity } from "./activity";
import { ShareDialog } from "./ShareDialog";
import { endedReplies } from "./replies";

type Tab = "conversations" | "tables" | "deleted";
type Opened = { kind: "rename" | "share"; conversation: ConversationItemFragment } | { kind: "account" | "organizations" | "users" };

export function Sidebar({ me, onToggle }: { me: MeQuery["me"] | null; onToggle: () => void }) {
  const [tab, setTab] = useState<Tab>("conversations");
  const [search, setSearch] = useState("");
  const [opened, setOpened] = useState<Opened | null>(null);
  const query = useDelayed(search.trim());
  const tabs = [["conversations", MessageSquare], ["tables", Table2], ["deleted", RotateCcw]] as const;

  async function logOut(): Promise<void> {
    await client().mutation(LogOutDocument, {}).toPromise();
    signOut();
    go({});
  }

  return (
    <aside className="sidebar" aria-label={t("sidebar")}>
      <header>
        <a href="#/" className="brand"><Logo /> SheetGPT</a>
        <button type="button" className="icon-button toggle" aria-label={t("sidebar")} onClick={onToggle}><PanelLeft size={18} aria-hidden /></button>
      </header>
      <button type="button" className="new" onClick={() => go({})}><Plus size={17} aria-hidden /> {t("chat.new")}</button>
      <label className="search"><Search size={15} aria-hidden /><input type="search" value={search} placeholder={t("search")} aria-label={t("search")} onChange={(event) => setSearch(event.target.value)} /></label>
      <div className="side-tabs" role="group" aria-label={t("sidebar.show")}>
        {tabs.map(([one, Icon]) => <button key={one} type="button" aria-pressed={tab === one} title={t(`sidebar.${one}`)} onClick={() => setTab(one)}><Icon size={15} aria-hidden /> <span>{t(`sidebar.${one}`)}</span></button>)}
      </div>
      {tab === "conversations" && <Conversations search={query} onOpen={setOpened} />}
      {tab === "conversations" && query && <Hits query={query} />}
      {tab === "tables" && <Tables search={query} />}
      {tab === "deleted" && <Deleted search={query} />}
      <footer>
        <Menu
          label={t("account.menu")}
          className="account-button"
          button={<><span className="avatar" aria-hidden="true">{me?.name.slice(0, 1).toUpperCase() ?? "…"}</span><span className="grow" dir="auto">{me?.name}</span></>}
          items={[
            { label: t("account.title"), onSelect: () => setOpened({ kind: "account" }) },
            { label: t("organization.title"), onSelect: () => setOpened({ kind: "organizations" }) },
            me?.isSuperuser && { label: t("users.title"), onSelect: () => setOpened({ kind: "users" }) },
            ...(["system", "light", "dark"] as Theme[]).map((one) => ({ label: t(`theme.${one}`), isChecked: theme.get() === one, onSelect: () => chooseTheme(one) })),
            ...languageNames.map(({ tag, name }) => ({ label: name, isChecked: language.get() === tag, onSelect: () => chooseLanguage(tag) })),
            { label: t("signOut"), onSelect: () => void logOut() },
          ]}
        />
        <Notifications />
      </footer>
      {opened?.kind === "rename" && <RenameConversation conversation={opened.conversation} onClose={() => setOpened(null)} />}
      {opened?.kind === "share" && <ShareDialog conversationId={opened.conversation.id} onClose={() => setOpened(null)} />}
      {opened?.kind === "account" && <AccountDialog onClose={() => setOpened(null)} />}
      {opened?.kind === "users" && me && <UsersDialog myId={me.id} onClose={() => setOpened(null)} />}
      {opened?.kind === "organizations" && <OrganizationsDialog onClose={() => setOpened(null)} />}
    </aside>
  );
}

function Conversations({ search, onOpen }: { search: string; onOpen: (opened: Opened) => void }) {
  const [after, setAfter] = useState<string | null>(null);
  const ended = endedReplies.use();
  const changed = activity.use().Conversation ?? 0;
  const { conversationId } = route.use();
  const [{ data: response, error }, reload] = useQuery({ query: ConversationsDocument, variables: { first: 40, after, search: search || null, includeDeleted: false }, requestPolicy: "cache-and-network" });
  const data = useLatest(response, search);
  useEffect(() => setAfter(null), [search]);
  useEffect(() => { if (ended + changed) reload({ requestPolicy: "network-only" }); }, [ended, changed, reload]);

  async function remove(conversation: ConversationItemFragment): Promise<void> {
    const result = await client().mutation(DeleteConversationDocument, { id: conversation.id }).toPromise();
    if (result.error) return toast(messageOf(result.error));
    if (conversationId === conversation.id) go({});
    toast(t("chat.deleted", { name: conversation.title }), { label: t("undo"), run: () => void client().mutation(RestoreDocument, { id: conversation.id }).toPromise() });
  }

  const { edges = [], pageInfo } = data?.conversations ?? {};
  return (
    <nav className="list" aria-label={t("sidebar.conversations")}>
      {error && !data && <p className="problem">{messageOf(error)}</p>}
      {data && !edges.length && <p className="empty">{t(search ? "nothingFound" : "chat.none")}</p>}
      <ul>
        {edges.map(({ node }) => (
          <li key={node.id}>
            <a href={`#/c/${node.id}`} aria-current={node.id === conversationId ? "page" : undefined}><span className="title" dir="auto">{node.title}</span><span className="hint" dir="auto">{node.preview}</span></a>
            <Menu label={t("chat.menu", { name: node.title })} button={<MoreHorizontal size={16} aria-hidden />} items={[
              { label: t("rename"), onSelect: () => onOpen({ kind: "rename", conversation: node }) },
              { label: t("share.title"), onSelect: () => onOpen({ kind: "share", conversation: node }) },
              { label: t("delete"), onSelect: () => void remove(node), isDangerous: true },
            ]} />
          </li>
        ))}
      </ul>
      {pageInfo?.hasNextPage && <button type="button" className="link" onClick={() => setAfter(pageInfo.endCursor ?? null)}>{t("more")}</button>}
    </nav>
  );
}

function Hits({ query }: { query: string }) {
  const [{ data }] = useQuery({ query: SearchMessagesDocument, variables: { query }, requestPolicy: "network-only" });
  const hits = data?.searchMessages.nodes ?? [];
  if (!hits.length) return null;
  return (
    <nav className="list" aria-label={t("search.messages")}>
      <h3>{t("search.messages")}</h3>
      <ul>
        {hits.map(({ message, snippet }) => (
          <li key={message.id}><a href={`#/c/${message.conversation.id}`}><span className="title" dir="auto">{message.conversation.title}</span><span className="hint" dir="auto">{snippet.split(/[«»]/).map((part, index) => (index % 2 ? <mark key={index}>{part}</mark> : part))}</span></a></li>
        ))}
      </ul>
    </nav>
  );
}

function Tables({ search }: { search: string }) {
  const [{ data }] = useQuery({ query: TablesDocument, variables: { conversationId: null, search: search || null }, requestPolicy: "cache-and-network" });
  const { tableId } = route.use();
  const tables = data?.tables.nodes ?? [];
  return (
    <nav className="list" aria-label={t("sidebar.tables")}>
      {data && !tables.length && <p className="empty">{t(search ? "nothingFound" : "table.none")}</p>}
      <ul>
        {tables.map((table) => (
          <li key={table.id}><a href={`#${table.conversation ? `/c/${table.conversation.id}` : ""}/t/${table.id}`} aria-current={table.id === tableId ? "page" : undefined}><span className="title" dir="auto">{table.name}</span><span className="hint">{t("table.rows", { n: table.rowCount })} · {formatTime(table.updatedAt)}</span></a></li>
        ))}
      </ul>
    </nav>
  );
}

function Deleted({ search }: { search: string }) {
  const [{ data }, reload] = useQuery({ query: ConversationsDocument, variables: { first: 100, search: search || null, includeDeleted: true }, requestPolicy: "network-only" });
  const deleted = (data?.conversations.edges ?? []).filter(({ node }) => !node.isActive);

  async function restore(id: string): Promise<void> {
    const { error } = await client().mutation(RestoreDocument, { id }).toPromise();
    if (error) return toast(messageOf(error));
    reload({ requestPolicy: "network-only" });
    go({ conversationId: id });
  }

  return (
    <nav className="list" aria-label={t("sidebar.deleted")}>
      {data && !deleted.length && <p className="empty">{t("sidebar.nothingDeleted")}</p>}
      <ul>{deleted.map(({ node }) => <li key={node.id}><span className="deleted" dir="auto">{node.title}</span><button type="button" className="link" aria-label={t("restoreNamed", { name: node.title })} onClick={() => void restore(node.id)}>{t("restore")}</button></li>)}</ul>
    </nav>
  );
}

function RenameConversation({ conversation, onClose }: { conversation: ConversationItemFragment; onClose: () => void }) {
  async function save(title: string): Promise<string | null> {
    const { error } = await client().mutation(UpdateConversationDocument, { input: { id: conversation.id, title } }).toPromise();
    return error ? messageOf(error) : null;
  }
  return <RenameDialog title={t("chat.rename")} name={conversation.title} onSave={save} onClose={onClose} />;
}
