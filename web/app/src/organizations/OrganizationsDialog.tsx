import { useState } from "react";
import { useQuery } from "urql";
import { client } from "../api/client";
import { messageOf } from "../api/errors";
import { AcceptInvitationDocument, CreateOrganizationDocument, OrganizationsDocument, type OrganizationsQuery } from "../api/generated";
import { t } from "../i18n";
import { attempt } from "../ui/attempt";
import { Dialog } from "../ui/Dialog";
import { Field } from "../ui/Field";
import { SelectField } from "../ui/SelectField";
import { Members } from "./Members";
import { Sites } from "./Sites";

export type Organization = OrganizationsQuery["organizations"]["nodes"][number];
const TABS = ["members", "sites"] as const;

/** One organization at a time: its members, and its sites with modules, readings and items. */
export function OrganizationsDialog({ onClose }: { onClose: () => void }) {
  const [{ data, error }, reload] = useQuery({ query: OrganizationsDocument, requestPolicy: "cache-and-network" });
  const [chosenId, setChosenId] = useState<string | null>(null);
  const [tab, setTab] = useState<(typeof TABS)[number]>("members");
  const shared = data?.organizations.nodes.filter(({ isPersonal }) => !isPersonal) ?? [];
  const organization = shared.find(({ id }) => id === chosenId) ?? shared[0];
  const refresh = (): void => reload({ requestPolicy: "network-only" });

  function onCreated(id: string): void {
    setChosenId(id);
    refresh();
  }

  return (
    <Dialog title={t("organization.title")} onClose={onClose} isWide>
      {error && !data && <p className="problem" role="alert">{messageOf(error)}</p>}
      {data && !organization && <p className="empty">{t("organization.none")}</p>}
      {organization && <>
        {shared.length > 1
          ? <SelectField label={t("organization.one")} value={organization.id} onChange={(event) => setChosenId(event.target.value)}>{shared.map(({ id, name }) => <option key={id} value={id}>{name}</option>)}</SelectField>
          : <h3 dir="auto">{organization.name}</h3>}
        <div className="dialog-tabs" role="group" aria-label={organization.name}>{TABS.map((one) => <button key={one} type="button" aria-pressed={tab === one} onClick={() => setTab(one)}>{t(`organization.${one}`)}</button>)}</div>
        {tab === "members" ? <Members key={organization.id} organization={organization} /> : <Sites key={organization.id} organization={organization} />}
      </>}
      <Beginning isOpen={data !== undefined && !organization} onCreated={onCreated} onJoined={refresh} />
    </Dialog>
  );
}

/** Two ways into an organization: a new one, and the code of an invitation. */
function Beginning({ isOpen, onCreated, onJoined }: { isOpen: boolean; onCreated: (id: string) => void; onJoined: () => void }) {
  const [name, setName] = useState("");
  const [token, setToken] = useState("");

  async function create(): Promise<void> {
    const data = await attempt(client().mutation(CreateOrganizationDocument, { name }).toPromise());
    if (!data) return;
    setName("");
    onCreated(data.createOrganization.organization.id);
  }
  async function join(): Promise<void> {
    const data = await attempt(client().mutation(AcceptInvitationDocument, { token: token.trim() }).toPromise(), t("organization.joined"));
    if (!data) return;
    setToken("");
    onJoined();
  }

  return (
    <details className="apart" open={isOpen}>
      <summary>{t("organization.another")}</summary>
      <form className="row" onSubmit={(event) => { event.preventDefault(); void create(); }}>
        <Field label={t("organization.name")} value={name} required maxLength={100} dir="auto" onChange={(event) => setName(event.target.value)} />
        <button type="submit">{t("organization.create")}</button>
      </form>
      <form className="row" onSubmit={(event) => { event.preventDefault(); void join(); }}>
        <Field label={t("organization.code")} value={token} required autoComplete="off" onChange={(event) => setToken(event.target.value)} />
        <button type="submit">{t("organization.join")}</button>
      </form>
    </details>
  );
}
