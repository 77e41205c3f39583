import { ChevronRight } from "lucide-react";
import { useState } from "react";
import { useQuery } from "urql";
import { client } from "../api/client";
import { messageOf } from "../api/errors";
import { CreateSiteDocument, OrganizationSitesDocument } from "../api/generated";
import { t } from "../i18n";
import { attempt } from "../ui/attempt";
import { Field } from "../ui/Field";
import { newKey } from "../ui/insecure";
import type { Organization } from "./OrganizationsDialog";
import { SiteView } from "./SiteView";

/** Sites of an organization that the person may see; an admin adds others. */
export function Sites({ organization }: { organization: Organization }) {
  const [{ data, error }, reload] = useQuery({ query: OrganizationSitesDocument, variables: { id: organization.id }, requestPolicy: "cache-and-network" });
  const [openId, setOpenId] = useState<string | null>(null);
  const sites = data?.organization?.sites.nodes;
  const refresh = (): void => reload({ requestPolicy: "network-only" });

  if (openId) return <SiteView siteId={openId} organization={organization} onBack={() => { setOpenId(null); refresh(); }} />;
  return (
    <>
      {!sites && <p className="empty" role="status">{error ? messageOf(error) : t("loading")}</p>}
      {sites?.length === 0 && <p className="empty">{t("site.none")}</p>}
      <ul className="rows">
        {sites?.map(({ id, name, address }) => (
          <li key={id}><button type="button" className="line" onClick={() => setOpenId(id)}><span className="grow"><span dir="auto">{name}</span><span className="hint" dir="auto">{address}</span></span><ChevronRight size={16} className="flip" aria-hidden /></button></li>
        ))}
      </ul>
      {organization.myRole === "ADMIN" && <NewSite organizationId={organization.id} onCreated={refresh} />}
    </>
  );
}

function NewSite({ organizationId, onCreated }: { organizationId: string; onCreated: () => void }) {
  const [name, setName] = useState("");
  const [address, setAddress] = useState("");

  async function create(): Promise<void> {
    const input = { organizationId, name, address: address || null, idempotencyKey: newKey() };
    if (!(await attempt(client().mutation(CreateSiteDocument, { input }).toPromise()))) return;
    setName("");
    setAddress("");
    onCreated();
  }

  return (
    <form className="row" onSubmit={(event) => { event.preventDefault(); void create(); }}>
      <Field label={t("site.new")} value={name} required maxLength={100} dir="auto" onChange={(event) => setName(event.target.value)} />
      <Field label={t("site.address")} value={address} maxLength={500} dir="auto" onChange={(event) => setAddress(event.target.value)} />
      <button type="submit">{t("site.create")}</button>
    </form>
  );
}
