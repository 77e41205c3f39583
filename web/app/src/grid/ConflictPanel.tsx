import { useEffect, useRef } from "react";
import { t } from "../i18n";
import type { OpenConflict } from "./useCommands";

/** Both values of a cell that somebody else changed first; one click chooses. */
export function ConflictPanel({ conflict: { conflict, edit }, onSolve }: { conflict: OpenConflict; onSolve: (choice: "mine" | "theirs") => void }) {
  const first = useRef<HTMLButtonElement>(null);
  useEffect(() => first.current?.focus(), []);
  const name = conflict.editedBy?.name ?? t("conflict.somebody");
  return (
    <div className="conflict" role="alertdialog" aria-label={t("conflict.title")} onMouseDown={(event) => event.stopPropagation()} onDoubleClick={(event) => event.stopPropagation()}>
      <strong>{t("conflict.title")}</strong>
      <button ref={first} type="button" onClick={() => onSolve("theirs")}>
        <span className="hint">{t("conflict.theirs", { name })}</span>
        <span className="value" dir="auto">{conflict.currentText || t("grid.empty")}</span>
      </button>
      <button type="button" onClick={() => onSolve("mine")}>
        <span className="hint">{t("conflict.mine")}</span>
        <span className="value" dir="auto">{edit.value ?? t("grid.empty")}</span>
      </button>
    </div>
  );
}
