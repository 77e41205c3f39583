import { useEffect, useState } from "react";
import { uncachedClient } from "../api/uncached";
import { fieldErrorsOf, messageOf } from "../api/errors";
import { ExchangeSignInCodeDocument, LogInDocument, RequestPasswordResetDocument, ResetPasswordDocument, SignInProvidersDocument, type SignInProvidersQuery, SignUpDocument } from "../api/signIn/generated";
import { hasEnded, signIn } from "../api/session";
import { leaveFor, takeCode } from "../api/singleSignOn";
import { chooseLanguage, language, languageNames, t } from "../i18n";
import { Field } from "../ui/Field";
import { Logo } from "../ui/Logo";

type Mode = "signIn" | "signUp" | "reset" | "newPassword";

export function SignIn() {
  const [mode, setMode] = useState<Mode>("signIn");
  const [email, setEmail] = useState("");
  const [password, setPassword] = useState("");
  const [name, setName] = useState("");
  const [token, setToken] = useState("");
  const [problems, setProblems] = useState<Record<string, string>>({});
  const [notice, setNotice] = useState<string | null>(() => (hasEnded ? t("signIn.ended") : null));
  const [isBusy, setBusy] = useState(false);
  const [providers, setProviders] = useState<SignInProvidersQuery["signInProviders"]>([]);

  useEffect(() => {
    void uncachedClient.query(SignInProvidersDocument, {}).toPromise().then(({ data }) => setProviders(data?.signInProviders ?? []));
    const back = takeCode();
    if (back) void exchange(back);
  }, []);

  async function submit(): Promise<void> {
    setBusy(true);
    setProblems({});
    setNotice(null);
    if (mode === "reset") await requestReset();
    else if (mode === "newPassword") await resetPassword();
    else await enter();
    setBusy(false);
  }

  async function enter(): Promise<void> {
    const [firstName = "", ...rest] = name.trim().split(/\s+/);
    const result = mode === "signUp"
      ? await uncachedClient.mutation(SignUpDocument, { input: { email, password, firstName, lastName: rest.join(" ") } }).toPromise()
      : await uncachedClient.mutation(LogInDocument, { input: { email, password } }).toPromise();
    if (result.error || !result.data) return fail(result.error!);
    const data = "signUp" in result.data ? result.data.signUp : result.data.logIn;
    signIn(data.session, data.user.id);
  }

  async function exchange(input: { code: string; verifier: string | null }): Promise<void> {
    const { data, error } = await uncachedClient.mutation(ExchangeSignInCodeDocument, { input }).toPromise();
    if (data) signIn(data.exchangeSignInCode.session, data.exchangeSignInCode.user.id);
    else setProblems({ form: messageOf(error!) });
  }

  async function requestReset(): Promise<void> {
    const { data, error } = await uncachedClient.mutation(RequestPasswordResetDocument, { email }).toPromise();
    if (!data) return fail(error!);
    turn("newPassword");
    setNotice(data.requestPasswordReset.message);
  }

  async function resetPassword(): Promise<void> {
    const input = { token: token.trim(), newPassword: password };
    const { error } = await uncachedClient.mutation(ResetPasswordDocument, { input }).toPromise();
    if (error) return fail(error);
    turn("signIn");
    setNotice(t("newPassword.done"));
  }

  function fail(error: Parameters<typeof messageOf>[0]): void {
    const fields = Object.fromEntries(fieldErrorsOf(error).map(({ field, message }) => [field.split(".").at(-1)!, message]));
    setProblems(Object.keys(fields).length ? fields : { form: messageOf(error) });
  }

  function turn(next: Mode): void {
    setMode(next);
    setProblems({});
    setNotice(null);
  }

  const known = ["email", "password", "newPassword", "firstName", "token"];
  const other = problems.form ?? Object.entries(problems).find(([field]) => !known.includes(field))?.[1];
  return (
    <main className="sign-in">
      <section className="pitch">
        <p className="brand"><Logo size={34} /> SheetGPT</p>
        <h1>{t("pitch.title")}</h1>
        <p>{t("pitch.text")}</p>
        <Illustration />
      </section>
      <section className="card">
        <h2>{t(`${mode}.title`)}</h2>
        <form onSubmit={(event) => { event.preventDefault(); void submit(); }}>
          {mode === "signUp" && <Field label={t("yourName")} autoComplete="name" value={name} problem={problems.firstName} onChange={(event) => setName(event.target.value)} />}
          {mode === "newPassword" && <Field label={t("newPassword.code")} autoComplete="one-time-code" required value={token} problem={problems.token} onChange={(event) => setToken(event.target.value)} />}
          {mode !== "newPassword" && <Field label={t("email")} type="email" autoComplete="username" required value={email} problem={problems.email} onChange={(event) => setEmail(event.target.value)} />}
          {mode !== "reset" && <Field label={t(mode === "newPassword" ? "account.newPassword" : "password")} type="password" autoComplete={mode === "signIn" ? "current-password" : "new-password"} required value={password} problem={problems.password ?? problems.newPassword} onChange={(event) => setPassword(event.target.value)} />}
          {other && <p className="problem" role="alert">{other}</p>}
          {notice && <p className="note" role="status">{notice}</p>}
          <button type="submit" className="primary wide" disabled={isBusy}>{t(`${mode}.action`)}</button>
        </form>
        {(mode === "signIn" || mode === "signUp") && providers.map(({ key, name, url }) => (
          <button key={key} type="button" className="wide" onClick={() => void leaveFor(url)}>{t("signIn.with", { name })}</button>
        ))}
        <p className="row between">
          <button type="button" className="link" onClick={() => turn(mode === "signIn" ? "signUp" : "signIn")}>{t(mode === "signIn" ? "signIn.other" : "signUp.other")}</button>
          {mode === "signIn" && <button type="button" className="link" onClick={() => turn("reset")}>{t("reset.title")}</button>}
          {mode === "reset" && <button type="button" className="link" onClick={() => turn("newPassword")}>{t("reset.haveCode")}</button>}
        </p>
        <label className="language"><span className="hidden">{t("language")}</span>
          <select value={language.get()} onChange={(event) => chooseLanguage(event.target.value)}>{languageNames.map(({ tag, name }) => <option key={tag} value={tag}>{name}</option>)}</select>
        </label>
      </section>
    </main>
  );
}

function Illustration() {
  const rows = [["2026-03-03", "Taxi", "81.40 EUR"], ["2026-03-03", "Hotel", "312.00 EUR"], ["2026-03-04", "Lunch", "64.50 EUR"]];
  return (
    <div className="illustration" aria-hidden="true">
      <div className="bubble">Taxi <mark>€81.40</mark>, hotel €312.00 …</div>
      <table><tbody>{rows.map(([date, what, amount], index) => <tr key={what}><td>{date}</td><td>{what}</td><td className={index ? "" : "lit"}>{amount} <i>●</i></td></tr>)}</tbody></table>
    </div>
  );
}
