import { useEffect, useState } from "react";
import { useQuery } from "urql";
import { client } from "../api/client";
import { messageOf } from "../api/errors";
import { BroadcastDocument, UpdateUserDocument, UsersDocument, type AccountFragment, type UpdateUserInput } from "../api/generated";
import { formatDay, t } from "../i18n";
import { attempt } from "../ui/attempt";
import { Dialog } from "../ui/Dialog";
import { Field } from "../ui/Field";
import { Toggle } from "../ui/Toggle";
import { useDelayed } from "../ui/useDelayed";
import { useLatest } from "../ui/useLatest";

/** For superusers: every account of the server, and a notice to all. */
export function UsersDialog({ myId, onClose }: { myId: string; onClose: () => void }) {
  const [search, setSearch] = useState("");
  const [earlier, setEarlier] = useState<AccountFragment[]>([]);
  const [after, setAfter] = useState<string | null>(null);
  const query = useDelayed(search.trim());
  const [{ data: response, error }] = useQuery({ query: UsersDocument, variables: { search: query || null, after }, requestPolicy: "cache-and-network" });
  const users = useLatest(response, "users")?.users;
  useEffect(() => { setEarlier([]); setAfter(null); }, [query]);

  function showMore(): void {
    if (!users) return;
    setEarlier([...earlier, ...users.nodes]);
    setAfter(users.pageInfo.endCursor ?? null);
  }
  const update = (input: UpdateUserInput): Promise<unknown> => attempt(client().mutation(UpdateUserDocument, { input }).toPromise(), t("saved"));

  return (
    <Dialog title={t("users.title")} onClose={onClose} isWide>
      <Field label={t("users.search")} type="search" value={search} onChange={(event) => setSearch(event.target.value)} />
      {!users && <p className="empty" role="status">{error ? messageOf(error) : t("loading")}</p>}
      {users && !users.nodes.length && !earlier.length && <p className="empty">{t("nothingFound")}</p>}
      <ul className="rows">
        {[...earlier, ...(users?.nodes ?? [])].map(({ id, name, email, createdAt, isActive, isSuperuser, isEmailVerified }) => (
          <li key={id}>
            <span className="grow"><span dir="auto">{name}</span><span className="hint">{email} · {formatDay(createdAt)}{!isEmailVerified && ` · ${t("users.unverified")}`}</span></span>
            <Toggle isOn={isSuperuser} isDisabled={id === myId} label={<>{t("users.superuser")}<span className="hidden">: {name}</span></>} onChange={(isOn) => update({ id, isSuperuser: isOn })} />
            <Toggle isOn={isActive} isDisabled={id === myId} label={<>{t("users.active")}<span className="hidden">: {name}</span></>} onChange={(isOn) => update({ id, isActive: isOn })} />
          </li>
        ))}
      </ul>
      {users?.pageInfo.hasNextPage && <button type="button" className="link" onClick={showMore}>{t("more")}</button>}
      <Notice />
    </Dialog>
  );
}

function Notice() {
  const [title, setTitle] = useState("");
  async function send(): Promise<void> {
    if (await attempt(client().mutation(BroadcastDocument, { title }).toPromise(), t("users.sent"))) setTitle("");
  }
  return (
    <form className="row" onSubmit={(event) => { event.preventDefault(); void send(); }}>
      <Field label={t("users.notice")} value={title} required maxLength={200} dir="auto" onChange={(event) => setTitle(event.target.value)} />
      <button type="submit">{t("users.send")}</button>
    </form>
  );
}
