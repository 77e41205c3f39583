import { lazy, Suspense, useSyncExternalStore } from "react";
import { isSignedIn, subscribeToSession } from "./api/session";
import { SignIn } from "./account/SignIn";
import { language, t } from "./i18n";
import { ErrorBoundary } from "./ui/ErrorBoundary";
import { Toasts } from "./ui/Toasts";

const loadWorkspace = () => import("./Workspace");
const Workspace = lazy(loadWorkspace);
// Who is signed in never sees the form; who is not, fills it in while the rest arrives.
if (isSignedIn()) void loadWorkspace();
else addEventListener("load", () => setTimeout(() => void loadWorkspace().catch(() => undefined), 300));

export function App() {
  const tag = language.use();
  const signedIn = useSyncExternalStore(subscribeToSession, isSignedIn);
  return (
    <ErrorBoundary>
      {signedIn
        ? <Suspense fallback={<p className="empty" role="status">{t("loading")}</p>}><Workspace key={tag} /></Suspense>
        : <SignIn key={tag} />}
      <Toasts />
    </ErrorBoundary>
  );
}
