import { X } from "lucide-react";
import { useEffect, useId, useRef, type ReactNode } from "react";
import { createPortal } from "react-dom";
import { t } from "../i18n";

interface Props {
  title: string;
  onClose: () => void;
  children: ReactNode;
  isWide?: boolean;
}

/**
 * Modal dialog; the browser keeps the focus inside and gives it back.
 *
 * It hangs on the body: below a part that a narrow screen hides, it would be invisible and still block the page.
 */
export function Dialog({ title, onClose, children, isWide = false }: Props) {
  const dialog = useRef<HTMLDialogElement>(null);
  const id = useId();
  useEffect(() => {
    const element = dialog.current;
    element?.showModal();
    return () => element?.close();
  }, []);
  return createPortal(
    <dialog
      ref={dialog}
      className={isWide ? "wide" : ""}
      aria-labelledby={id}
      onCancel={(event) => { if (event.target === dialog.current) { event.preventDefault(); onClose(); } }}
      onMouseDown={(event) => { if (event.target === dialog.current) onClose(); }}
    >
      <div className="dialog">
        <header>
          <h2 id={id}>{title}</h2>
          <button type="button" className="icon-button" aria-label={t("close")} onClick={onClose}><X size={18} aria-hidden /></button>
        </header>
        {children}
      </div>
    </dialog>,
    document.body,
  );
}
