import { useState } from "react";
import { useQuery } from "urql";
import { client } from "../api/client";
import { messageOf } from "../api/errors";
import { ChangeMemberRoleDocument, InviteMemberDocument, OrganizationMembersDocument, RemoveMemberDocument, type Role } from "../api/generated";
import { t } from "../i18n";
import { attempt } from "../ui/attempt";
import { Field } from "../ui/Field";
import { SelectField } from "../ui/SelectField";
import type { Organization } from "./OrganizationsDialog";

export function Members({ organization: { id, myRole } }: { organization: Organization }) {
  const [{ data, error }, reload] = useQuery({ query: OrganizationMembersDocument, variables: { id }, requestPolicy: "cache-and-network" });
  const organization = data?.organization;
  const isAdmin = myRole === "ADMIN";

  async function change(request: Parameters<typeof attempt>[0], success?: string): Promise<void> {
    await attempt(request, success);
    reload({ requestPolicy: "network-only" });
  }

  if (!organization) return <p className="empty" role="status">{error ? messageOf(error) : t("loading")}</p>;
  const { usage, budget } = organization;
  return (
    <>
      <p className="hint">{t("usage.tokens", { n: usage.totalTokens })} · {usage.cost} {data.serverInfo.currency}{budget && ` · ${t("usage.budget", { spent: budget.spent, limit: budget.limit })}`}</p>
      <ul className="rows">
        {organization.members.nodes.map(({ id: membershipId, role, status, user }) => (
          <li key={membershipId}>
            <span className="grow"><span dir="auto">{user?.name ?? t("organization.somebody")}</span><span className="hint">{[user?.email, status === "INVITED" && t("organization.invited")].filter(Boolean).join(" · ")}</span></span>
            {isAdmin ? <>
              <select value={role} aria-label={t("organization.roleOf", { name: user?.name ?? t("organization.somebody") })} onChange={(event) => void change(client().mutation(ChangeMemberRoleDocument, { membershipId, role: event.target.value as Role }).toPromise())}><option value="ADMIN">{t("role.ADMIN")}</option><option value="MEMBER">{t("role.MEMBER")}</option></select>
              <button type="button" onClick={() => void change(client().mutation(RemoveMemberDocument, { membershipId }).toPromise())}>{t("organization.remove")}</button>
            </> : <span className="badge">{t(`role.${role}`)}</span>}
          </li>
        ))}
      </ul>
      {isAdmin && <Invitation onSend={(email, role) => void change(client().mutation(InviteMemberDocument, { input: { organizationId: id, email, role } }).toPromise(), t("organization.mailed", { name: email }))} />}
    </>
  );
}

function Invitation({ onSend }: { onSend: (email: string, role: Role) => void }) {
  const [email, setEmail] = useState("");
  const [role, setRole] = useState<Role>("MEMBER");
  return (
    <form className="row" onSubmit={(event) => { event.preventDefault(); onSend(email, role); setEmail(""); }}>
      <Field label={t("organization.invite")} type="email" required value={email} onChange={(event) => setEmail(event.target.value)} />
      <SelectField label={t("organization.role")} value={role} onChange={(event) => setRole(event.target.value as Role)}><option value="MEMBER">{t("role.MEMBER")}</option><option value="ADMIN">{t("role.ADMIN")}</option></SelectField>
      <button type="submit">{t("organization.send")}</button>
    </form>
  );
}
