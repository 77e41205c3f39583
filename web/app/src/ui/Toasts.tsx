import { useEffect, useRef } from "react";
import { createStore } from "./store";

interface Toast { id: number; text: string; action?: { label: string; run: () => void } }

const toasts = createStore<Toast[]>([]);
let next = 0;

/** Say something that needs no answer; it goes away by itself. */
export function toast(text: string, action?: Toast["action"]): void {
  const id = next++;
  toasts.set((all) => [...all.slice(-2), { id, text, action }]);
  setTimeout(() => dismiss(id), action ? 12_000 : 7_000);
}

function dismiss(id: number): void {
  toasts.set((all) => all.filter((one) => one.id !== id));
}

export function Toasts() {
  const shown = toasts.use();
  const list = useRef<HTMLDivElement>(null);
  // A popover that is opened anew is above the dialogs, however late these were opened.
  useEffect(() => {
    list.current?.hidePopover();
    if (shown.length) list.current?.showPopover();
  }, [shown]);
  return (
    <div ref={list} popover="manual" className="toasts" role="status" aria-live="polite">
      {shown.map(({ id, text, action }) => (
        <div key={id} className="toast">
          <span dir="auto">{text}</span>
          {action && <button type="button" onClick={() => { dismiss(id); action.run(); }}>{action.label}</button>}
        </div>
      ))}
    </div>
  );
}
