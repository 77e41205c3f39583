import { Children, useState, type ReactNode } from "react";
import { isRightToLeft, t } from "../i18n";

const KEY = "sheetgpt.split";
const clamp = (value: number): number => Math.max(22, Math.min(70, value));

/** Two panes and the bar between them, which pointer and arrow keys move. */
export function Splitter({ isSingle, children }: { isSingle: boolean; children: ReactNode }) {
  const [share, setShare] = useState(() => clamp(Number(localStorage.getItem(KEY)) || 40));
  const [first, second] = Children.toArray(children);
  if (isSingle) return <div className="split">{first}{second}</div>;
  function move(next: number): void {
    setShare(clamp(next));
    localStorage.setItem(KEY, String(clamp(next)));
  }
  return (
    <div className="split">
      <div className="first" style={{ flexBasis: `${share}%` }}>{first}</div>
      <div
        className="splitter"
        role="separator"
        tabIndex={0}
        aria-orientation="vertical"
        aria-label={t("splitter")}
        aria-valuenow={Math.round(share)}
        aria-valuemin={22}
        aria-valuemax={70}
        onKeyDown={(event) => {
          const step = { ArrowLeft: -3, ArrowRight: 3 }[event.key];
          if (step) move(share + step * (isRightToLeft() ? -1 : 1));
        }}
        onPointerDown={(event) => { event.preventDefault(); event.currentTarget.setPointerCapture(event.pointerId); }}
        onPointerMove={(event) => {
          if (!event.currentTarget.hasPointerCapture(event.pointerId)) return;
          const area = event.currentTarget.parentElement!.getBoundingClientRect();
          const offset = isRightToLeft() ? area.right - event.clientX : event.clientX - area.left;
          move((offset / area.width) * 100);
        }}
      />
      <div className="second">{second}</div>
    </div>
  );
}
