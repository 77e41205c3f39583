import { useState } from "react";
import { useQuery, type CombinedError } from "urql";
import { client } from "../api/client";
import { messageOf } from "../api/errors";
import { AccountDocument, ChangePasswordDocument, ConfirmGoogleDocument, ConnectGoogleDocument, DisconnectGoogleDocument, LogOutEverywhereDocument, RequestEmailVerificationDocument, RevokeSessionDocument, UpdateProfileDocument, VerifyEmailDocument, type AccountQuery } from "../api/generated";
import { signOut } from "../api/session";
import { formatTime, t } from "../i18n";
import { Dialog } from "../ui/Dialog";
import { Field } from "../ui/Field";
import { attempt } from "../ui/attempt";
import { toast } from "../ui/Toasts";
import { ApiKeys } from "./ApiKeys";

type Me = NonNullable<AccountQuery["me"]>;
const TABS = ["profile", "sessions", "keys", "google", "usage"] as const;

export function AccountDialog({ onClose }: { onClose: () => void }) {
  const [tab, setTab] = useState<(typeof TABS)[number]>("profile");
  const [{ data, error }, reload] = useQuery({ query: AccountDocument, requestPolicy: "cache-and-network" });
  const me = data?.me;
  const refresh = (): void => reload({ requestPolicy: "network-only" });
  return (
    <Dialog title={t("account.title")} onClose={onClose} isWide>
      <div className="dialog-tabs" role="group" aria-label={t("account.title")}>{TABS.map((one) => <button key={one} type="button" aria-pressed={tab === one} onClick={() => setTab(one)}>{t(`account.${one}`)}</button>)}</div>
      {error && !data && <p className="problem" role="alert">{messageOf(error)}</p>}
      {me && tab === "profile" && <Profile me={me} />}
      {me && tab === "profile" && !me.isEmailVerified && <Verification onVerified={refresh} />}
      {me && tab === "sessions" && <Sessions me={me} onChanged={refresh} />}
      {me && tab === "keys" && <ApiKeys keys={me.apiKeys} onChanged={refresh} />}
      {me && tab === "google" && <Google account={me.googleAccount ?? null} onChanged={refresh} />}
      {me && tab === "usage" && <UsageView usage={me.usage} limits={me.limits} currency={data.serverInfo.currency} />}
    </Dialog>
  );
}

function report(error: CombinedError | undefined, success: string): void {
  toast(error ? messageOf(error) : success);
}

function Profile({ me }: { me: Me }) {
  const [name, setName] = useState({ firstName: me.firstName, lastName: me.lastName });
  const [password, setPassword] = useState({ currentPassword: "", newPassword: "" });

  async function changePassword(): Promise<void> {
    const { error } = await client().mutation(ChangePasswordDocument, { input: password }).toPromise();
    report(error, t("account.passwordChanged"));
    if (!error) setPassword({ currentPassword: "", newPassword: "" });
  }

  return (
    <>
      <form onSubmit={(event) => { event.preventDefault(); void client().mutation(UpdateProfileDocument, name).toPromise().then(({ error }) => report(error, t("saved"))); }}>
        <p className="hint">{me.email} {!me.isEmailVerified && `· ${t("account.unverified")}`}</p>
        <div className="columns">
          <Field label={t("firstName")} autoComplete="given-name" value={name.firstName} onChange={(event) => setName({ ...name, firstName: event.target.value })} />
          <Field label={t("lastName")} autoComplete="family-name" value={name.lastName} onChange={(event) => setName({ ...name, lastName: event.target.value })} />
        </div>
        <footer><button type="submit" className="primary">{t("save")}</button></footer>
      </form>
      <h3>{t("account.changePassword")}</h3>
      <form onSubmit={(event) => { event.preventDefault(); void changePassword(); }}>
        <div className="columns">
          <Field label={t("account.currentPassword")} type="password" autoComplete="current-password" required value={password.currentPassword} onChange={(event) => setPassword({ ...password, currentPassword: event.target.value })} />
          <Field label={t("account.newPassword")} type="password" autoComplete="new-password" required value={password.newPassword} onChange={(event) => setPassword({ ...password, newPassword: event.target.value })} />
        </div>
        <footer><button type="submit">{t("account.changePassword")}</button></footer>
      </form>
    </>
  );
}

/** Confirm the address with the code of the mail that came at the sign-up, or of another one. */
function Verification({ onVerified }: { onVerified: () => void }) {
  const [token, setToken] = useState("");
  async function send(): Promise<void> {
    const data = await attempt(client().mutation(RequestEmailVerificationDocument, {}).toPromise());
    if (data) toast(data.requestEmailVerification.message);
  }
  async function verify(): Promise<void> {
    if (!(await attempt(client().mutation(VerifyEmailDocument, { token: token.trim() }).toPromise(), t("account.verified")))) return;
    setToken("");
    onVerified();
  }
  return (
    <>
      <h3>{t("account.verify")}</h3>
      <form className="row" onSubmit={(event) => { event.preventDefault(); void verify(); }}>
        <Field label={t("newPassword.code")} value={token} required autoComplete="one-time-code" onChange={(event) => setToken(event.target.value)} />
        <button type="submit">{t("google.confirm")}</button>
        <button type="button" onClick={() => void send()}>{t("account.sendMail")}</button>
      </form>
    </>
  );
}

function Sessions({ me, onChanged }: { me: Me; onChanged: () => void }) {
  async function revoke(id: string): Promise<void> {
    const { error } = await client().mutation(RevokeSessionDocument, { id }).toPromise();
    if (error) toast(messageOf(error));
    onChanged();
  }
  async function endAll(): Promise<void> {
    const { error } = await client().mutation(LogOutEverywhereDocument, {}).toPromise();
    if (error) toast(messageOf(error));
    else signOut();
  }
  return (
    <>
      <ul className="rows">
        {me.sessions.map((session) => (
          <li key={session.id}>
            <span className="grow"><span title={session.userAgent ?? undefined}>{deviceName(session.userAgent) ?? t("account.unknownDevice")}</span><span className="hint">{session.ipAddress} · {formatTime(session.lastUsedAt)}</span></span>
            {session.isCurrent ? <span className="badge">{t("account.thisDevice")}</span> : <button type="button" onClick={() => void revoke(session.id)}>{t("account.endSession")}</button>}
          </li>
        ))}
      </ul>
      <footer><button type="button" onClick={() => void endAll()}>{t("account.endAll")}</button></footer>
    </>
  );
}

const BROWSERS = [["Edg/", "Edge"], ["OPR/", "Opera"], ["Firefox/", "Firefox"], ["Chrome/", "Chrome"], ["Safari/", "Safari"]] as const;
const SYSTEMS = [["Android", "Android"], ["iPhone", "iPhone"], ["iPad", "iPad"], ["Mac OS", "macOS"], ["Windows", "Windows"], ["CrOS", "ChromeOS"], ["Linux", "Linux"]] as const;

/** "Chrome · Linux"; a program that is no browser by the beginning of its name. */
function deviceName(userAgent: string | null | undefined): string | null {
  if (!userAgent) return null;
  const [browser, system] = [BROWSERS, SYSTEMS].map((names) => names.find(([sign]) => userAgent.includes(sign))?.[1]);
  return [browser, system].filter(Boolean).join(" · ") || userAgent.slice(0, 60);
}

function Google({ account, onChanged }: { account: Me["googleAccount"] | null; onChanged: () => void }) {
  const [code, setCode] = useState("");
  const [hasBegun, setBegun] = useState(false);

  async function connect(): Promise<void> {
    const { data, error } = await client().mutation(ConnectGoogleDocument, {}).toPromise();
    if (!data) return toast(messageOf(error!));
    setBegun(true);
    open(data.connectGoogle.authorizationUrl, "_blank", "noopener");
  }
  async function confirm(): Promise<void> {
    const { error } = await client().mutation(ConfirmGoogleDocument, { code }).toPromise();
    report(error, t("google.connected"));
    onChanged();
  }
  async function disconnect(): Promise<void> {
    const { error } = await client().mutation(DisconnectGoogleDocument, {}).toPromise();
    report(error, t("google.disconnected"));
    onChanged();
  }
  if (account && !account.needsReconnect) {
    return <p className="row"><span className="grow">{t("google.as", { name: account.email })}</span><button type="button" onClick={() => void disconnect()}>{t("google.disconnect")}</button></p>;
  }
  return (
    <>
      <p>{t("google.text")}</p>
      <button type="button" className="primary" onClick={() => void connect()}>{t("google.connect")}</button>
      {hasBegun && (
        <form onSubmit={(event) => { event.preventDefault(); void confirm(); }}>
          <Field label={t("google.code")} value={code} onChange={(event) => setCode(event.target.value)} />
          <footer><button type="button" onClick={onChanged}>{t("google.check")}</button><button type="submit" disabled={!code}>{t("google.confirm")}</button></footer>
        </form>
      )}
    </>
  );
}

function UsageView({ usage, limits, currency }: { usage: Me["usage"]; limits: Me["limits"]; currency: string }) {
  return (
    <>
    <dl className="facts">
      <div><dt>{t("usage.input")}</dt><dd>{usage.inputTokens.toLocaleString()}</dd></div>
      <div><dt>{t("usage.output")}</dt><dd>{usage.outputTokens.toLocaleString()}</dd></div>
      <div><dt>{t("usage.total")}</dt><dd>{usage.totalTokens.toLocaleString()}</dd></div>
      <div><dt>{t("usage.cost")}</dt><dd>{usage.cost} {currency}</dd></div>
    </dl>
    <h3>{t("usage.limits")}</h3>
    <ul className="rows">
      {limits.map(({ name, limit, used }) => (
        <li key={name}><span className="grow">{name}<span className="hint">{t("usage.of", { used, limit })}</span></span><meter value={used} max={limit} high={limit * 0.9} aria-label={name} /></li>
      ))}
    </ul>
    </>
  );
}
