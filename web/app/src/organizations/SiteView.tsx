import { ArrowLeft, ChevronRight } from "lucide-react";
import { useState } from "react";
import { useQuery } from "urql";
import { client } from "../api/client";
import { messageOf } from "../api/errors";
import { AssignSiteDocument, CreateModuleDocument, DeleteSiteDocument, OrganizationMembersDocument, RestoreDocument, SiteByIdDocument, UnassignSiteDocument, UpdateSiteDocument } from "../api/generated";
import { formatTime, t } from "../i18n";
import { attempt } from "../ui/attempt";
import { Field } from "../ui/Field";
import { newKey } from "../ui/insecure";
import { toast } from "../ui/Toasts";
import { Items } from "./Items";
import { ModuleView } from "./ModuleView";
import type { Organization } from "./OrganizationsDialog";

interface Props { siteId: string; organization: Organization; onBack: () => void }

/** One site: its modules, the members who look after it, and its items. */
export function SiteView({ siteId, organization, onBack }: Props) {
  const [{ data, error }, reload] = useQuery({ query: SiteByIdDocument, variables: { id: siteId }, requestPolicy: "cache-and-network" });
  const [moduleId, setModuleId] = useState<string | null>(null);
  const site = data?.site;
  const isAdmin = organization.myRole === "ADMIN";
  const refresh = (): void => reload({ requestPolicy: "network-only" });

  async function remove(): Promise<void> {
    if (!(await attempt(client().mutation(DeleteSiteDocument, { id: siteId }).toPromise()))) return;
    toast(t("deletedNamed", { name: site?.name ?? "" }), { label: t("undo"), run: () => void attempt(client().mutation(RestoreDocument, { id: siteId }).toPromise(), t("restored")) });
    onBack();
  }

  if (!site) return <p className="empty" role="status">{error ? messageOf(error) : t("loading")}</p>;
  if (moduleId) return <ModuleView moduleId={moduleId} isAdmin={isAdmin} onBack={() => { setModuleId(null); refresh(); }} />;
  return (
    <>
      <div className="row"><button type="button" className="icon-button" aria-label={t("back")} onClick={onBack}><ArrowLeft size={18} className="flip" aria-hidden /></button><h3 className="grow" dir="auto">{site.name}</h3>{isAdmin && <button type="button" className="dangerous" onClick={() => void remove()}>{t("delete")}</button>}</div>
      {isAdmin ? <SiteForm key={site.id} site={site} /> : site.address && <p dir="auto">{site.address}</p>}
      <h4>{t("module.title")}</h4>
      {!site.modules.nodes.length && <p className="hint">{t("module.none")}</p>}
      <ul className="rows">
        {site.modules.nodes.map(({ id, name, kind, status, lastSeenAt }) => (
          <li key={id}><button type="button" className="line" onClick={() => setModuleId(id)}><span className="grow"><span dir="auto">{name}</span><span className="hint"><span dir="auto">{kind}</span>{lastSeenAt && ` · ${formatTime(lastSeenAt)}`}</span></span><span className={`badge status-${status}`}>{t(`module.${status}`)}</span><ChevronRight size={16} className="flip" aria-hidden /></button></li>
        ))}
      </ul>
      {isAdmin && <NewModule siteId={siteId} onCreated={refresh} />}
      {isAdmin && <Assignees siteId={siteId} organizationId={organization.id} assignees={site.assignees.nodes} onChanged={refresh} />}
      <Items organizationId={organization.id} siteId={siteId} />
    </>
  );
}

function SiteForm({ site }: { site: { id: string; name: string; address?: string | null } }) {
  const [name, setName] = useState(site.name);
  const [address, setAddress] = useState(site.address ?? "");
  return (
    <form className="row" onSubmit={(event) => { event.preventDefault(); void attempt(client().mutation(UpdateSiteDocument, { input: { id: site.id, name, address: address || null } }).toPromise(), t("saved")); }}>
      <Field label={t("name")} value={name} required maxLength={100} dir="auto" onChange={(event) => setName(event.target.value)} />
      <Field label={t("site.address")} value={address} maxLength={500} dir="auto" onChange={(event) => setAddress(event.target.value)} />
      <button type="submit">{t("save")}</button>
    </form>
  );
}

function NewModule({ siteId, onCreated }: { siteId: string; onCreated: () => void }) {
  const [fields, setFields] = useState({ name: "", kind: "", serialNumber: "" });
  const set = (change: Partial<typeof fields>): void => setFields({ ...fields, ...change });

  async function create(): Promise<void> {
    const input = { ...fields, siteId, serialNumber: fields.serialNumber || null, idempotencyKey: newKey() };
    if (!(await attempt(client().mutation(CreateModuleDocument, { input }).toPromise()))) return;
    setFields({ name: "", kind: "", serialNumber: "" });
    onCreated();
  }

  return (
    <form className="row" onSubmit={(event) => { event.preventDefault(); void create(); }}>
      <Field label={t("module.new")} value={fields.name} required maxLength={100} dir="auto" onChange={(event) => set({ name: event.target.value })} />
      <Field label={t("module.kind")} value={fields.kind} required maxLength={100} dir="auto" onChange={(event) => set({ kind: event.target.value })} />
      <Field label={t("module.serialNumber")} value={fields.serialNumber} maxLength={100} onChange={(event) => set({ serialNumber: event.target.value })} />
      <button type="submit">{t("module.create")}</button>
    </form>
  );
}

interface AssigneesProps { siteId: string; organizationId: string; assignees: { id: string; name: string; email: string }[]; onChanged: () => void }

/** Members who see the site; admins see all sites. */
function Assignees({ siteId, organizationId, assignees, onChanged }: AssigneesProps) {
  const [{ data }] = useQuery({ query: OrganizationMembersDocument, variables: { id: organizationId } });
  const others = data?.organization?.members.nodes.flatMap(({ user, status }) => (user && status === "ACTIVE" && assignees.every(({ id }) => id !== user.id) ? [user] : [])) ?? [];

  async function change(request: Parameters<typeof attempt>[0]): Promise<void> {
    await attempt(request);
    onChanged();
  }

  return (
    <>
      <h4>{t("site.assignees")}</h4>
      <ul className="rows">
        {assignees.map(({ id, name, email }) => <li key={id}><span className="grow"><span dir="auto">{name}</span><span className="hint">{email}</span></span><button type="button" onClick={() => void change(client().mutation(UnassignSiteDocument, { input: { siteId, userId: id } }).toPromise())}>{t("organization.remove")}</button></li>)}
      </ul>
      {others.length > 0 && (
        <select value="" aria-label={t("site.assign")} onChange={(event) => void change(client().mutation(AssignSiteDocument, { input: { siteId, userId: event.target.value } }).toPromise())}>
          <option value="">{t("site.assign")}</option>
          {others.map(({ id, name, email }) => <option key={id} value={id}>{name} ({email})</option>)}
        </select>
      )}
    </>
  );
}
