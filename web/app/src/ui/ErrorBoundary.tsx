import { Component, type ReactNode } from "react";
import { t } from "../i18n";

/** Page for an error of the page's own, such as files of a newer version that are no longer there: loading again helps. */
export class ErrorBoundary extends Component<{ children: ReactNode }, { hasFailed: boolean }> {
  override state = { hasFailed: false };

  static getDerivedStateFromError(): { hasFailed: boolean } {
    return { hasFailed: true };
  }

  override render(): ReactNode {
    if (!this.state.hasFailed) return this.props.children;
    return (
      <main className="failed" role="alert">
        <h1>{t("error.page")}</h1>
        <p>{t("error.pageHint")}</p>
        <button type="button" className="primary" onClick={() => location.reload()}>{t("error.reload")}</button>
      </main>
    );
  }
}
