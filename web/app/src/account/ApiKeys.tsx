import { useState } from "react";
import { client } from "../api/client";
import { messageOf } from "../api/errors";
import { CreateApiKeyDocument, RevokeApiKeyDocument, type AccountQuery, type ApiScope } from "../api/generated";
import { formatTime, t } from "../i18n";
import { Field } from "../ui/Field";
import { toast } from "../ui/Toasts";
import { copy } from "../ui/insecure";

const SCOPES: ApiScope[] = ["READ", "WRITE", "EXPORT", "ADMIN"];

export function ApiKeys({ keys, onChanged }: { keys: NonNullable<AccountQuery["me"]>["apiKeys"]; onChanged: () => void }) {
  const [name, setName] = useState("");
  const [scopes, setScopes] = useState<ApiScope[]>(["READ"]);
  const [secret, setSecret] = useState<string | null>(null);

  async function create(): Promise<void> {
    const { data, error } = await client().mutation(CreateApiKeyDocument, { input: { name, scopes } }).toPromise();
    if (!data) return toast(messageOf(error!));
    setSecret(data.createApiKey.secret ?? null);
    setName("");
    onChanged();
  }
  async function revoke(id: string): Promise<void> {
    const { error } = await client().mutation(RevokeApiKeyDocument, { id }).toPromise();
    if (error) toast(messageOf(error));
    onChanged();
  }

  return (
    <>
      {secret && <div className="note" role="status"><p>{t("keys.once")}</p><div className="row"><input readOnly value={secret} className="grow mono" aria-label={t("keys.secret")} onFocus={(event) => event.target.select()} /><button type="button" onClick={() => void copy(secret)}>{t("copy")}</button></div></div>}
      {!keys.length && <p className="empty">{t("keys.none")}</p>}
      <ul className="rows">
        {keys.map((key) => (
          <li key={key.id}><span className="grow"><span dir="auto">{key.name}</span><span className="hint">{key.prefix}… · {key.scopes.join(", ")}{key.lastUsedAt && ` · ${formatTime(key.lastUsedAt)}`}</span></span><button type="button" onClick={() => void revoke(key.id)}>{t("keys.revoke")}</button></li>
        ))}
      </ul>
      <form onSubmit={(event) => { event.preventDefault(); void create(); }}>
        <Field label={t("keys.name")} value={name} required maxLength={100} dir="auto" onChange={(event) => setName(event.target.value)} />
        <fieldset className="choices"><legend>{t("keys.scopes")}</legend>
          {SCOPES.map((scope) => <label key={scope}><input type="checkbox" checked={scopes.includes(scope)} onChange={(event) => setScopes(event.target.checked ? [...scopes, scope] : scopes.filter((one) => one !== scope))} /> {t(`scope.${scope}`)}</label>)}
        </fieldset>
        <footer><button type="submit" className="primary" disabled={!scopes.length}>{t("keys.create")}</button></footer>
      </form>
    </>
  );
}
