import { useState } from "react";
import { useQuery } from "urql";
import { client } from "../api/client";
import { messageOf } from "../api/errors";
import { ChangeMemberRoleDocument, CreateOrganizationDocument, InviteMemberDocument, OrganizationsDocument, RemoveMemberDocument, type OrganizationsQuery, type Role } from "../api/generated";
import { t } from "../i18n";
import { Dialog } from "../ui/Dialog";
import { Field } from "../ui/Field";
import { SelectField } from "../ui/SelectField";
import { toast } from "../ui/Toasts";

type Organization = OrganizationsQuery["organizations"]["nodes"][number];

export function OrganizationsDialog({ onClose }: { onClose: () => void }) {
  const [{ data, error }, reload] = useQuery({ query: OrganizationsDocument, requestPolicy: "cache-and-network" });
  const [name, setName] = useState("");
  const refresh = (): void => reload({ requestPolicy: "network-only" });

  async function create(): Promise<void> {
    const { error } = await client().mutation(CreateOrganizationDocument, { name }).toPromise();
    if (error) return toast(messageOf(error));
    setName("");
    refresh();
  }

  return (
    <Dialog title={t("organization.title")} onClose={onClose} isWide>
      {error && !data && <p className="problem" role="alert">{messageOf(error)}</p>}
      {data?.organizations.nodes.filter(({ isPersonal }) => !isPersonal).map((organization) => <Members key={organization.id} organization={organization} currency={data.serverInfo.currency} onChanged={refresh} />)}
      {data && data.organizations.nodes.every(({ isPersonal }) => isPersonal) && <p className="empty">{t("organization.none")}</p>}
      <form onSubmit={(event) => { event.preventDefault(); void create(); }}>
        <Field label={t("organization.name")} value={name} required maxLength={100} dir="auto" onChange={(event) => setName(event.target.value)} />
        <footer><button type="submit">{t("organization.create")}</button></footer>
      </form>
    </Dialog>
  );
}

function Members({ organization, currency, onChanged }: { organization: Organization; currency: string; onChanged: () => void }) {
  const [email, setEmail] = useState("");
  const [role, setRole] = useState<Role>("MEMBER");
  const isAdmin = organization.myRole === "ADMIN";

  async function settle(request: PromiseLike<{ error?: Parameters<typeof messageOf>[0] }>, success?: string): Promise<void> {
    const { error } = await request;
    if (error) toast(messageOf(error));
    else if (success) toast(success);
    onChanged();
  }

  return (
    <section className="organization">
      <h3 dir="auto">{organization.name}</h3>
      <p className="hint">{t("usage.tokens", { n: organization.usage.totalTokens })} · {organization.usage.cost} {currency}{organization.budget && ` · ${t("usage.budget", { spent: organization.budget.spent, limit: organization.budget.limit })}`}</p>
      <ul className="rows">
        {organization.members.nodes.map((member) => (
          <li key={member.id}>
            <span className="grow"><span dir="auto">{member.user?.name}</span><span className="hint">{member.user?.email} {member.status === "INVITED" && `· ${t("organization.invited")}`}</span></span>
            {isAdmin ? <>
              <select value={member.role} aria-label={t("organization.roleOf", { name: member.user?.name ?? "" })} onChange={(event) => void settle(client().mutation(ChangeMemberRoleDocument, { membershipId: member.id, role: event.target.value as Role }).toPromise())}><option value="ADMIN">{t("role.ADMIN")}</option><option value="MEMBER">{t("role.MEMBER")}</option></select>
              <button type="button" onClick={() => void settle(client().mutation(RemoveMemberDocument, { membershipId: member.id }).toPromise())}>{t("organization.remove")}</button>
            </> : <span className="badge">{t(`role.${member.role}`)}</span>}
          </li>
        ))}
      </ul>
      {isAdmin && (
        <form className="row end" onSubmit={(event) => { event.preventDefault(); void settle(client().mutation(InviteMemberDocument, { input: { organizationId: organization.id, email, role } }).toPromise(), t("organization.mailed", { name: email })); setEmail(""); }}>
          <Field label={t("organization.invite")} type="email" required value={email} onChange={(event) => setEmail(event.target.value)} />
          <SelectField label={t("organization.role")} value={role} onChange={(event) => setRole(event.target.value as Role)}><option value="MEMBER">{t("role.MEMBER")}</option><option value="ADMIN">{t("role.ADMIN")}</option></SelectField>
          <button type="submit">{t("organization.send")}</button>
        </form>
      )}
    </section>
  );
}
