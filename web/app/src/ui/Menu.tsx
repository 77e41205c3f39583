import { useId, useRef, type ReactNode } from "react";

export interface MenuItem {
  label: string;
  onSelect: () => void;
  isDangerous?: boolean;
  isChecked?: boolean;
}

interface Props {
  label: string;
  button: ReactNode;
  className?: string;
  items: (MenuItem | false | null | undefined)[];
}

/** Menu button. The browser's popover closes it by Escape and by a click elsewhere. */
export function Menu({ label, button, className = "icon-button", items }: Props) {
  const id = useId();
  const opener = useRef<HTMLButtonElement>(null);
  const list = useRef<HTMLDivElement>(null);

  function onToggle(event: React.ToggleEvent): void {
    if (event.newState !== "open" || !list.current || !opener.current) return;
    const around = opener.current.getBoundingClientRect();
    const own = list.current.getBoundingClientRect();
    const isLeftToRight = getComputedStyle(opener.current).direction === "ltr";
    const wished = isLeftToRight ? around.left : around.right - own.width;
    list.current.style.left = `${Math.max(8, Math.min(wished, innerWidth - own.width - 8))}px`;
    const isBelow = around.bottom + own.height + 8 < innerHeight;
    list.current.style.top = `${Math.max(8, isBelow ? around.bottom + 4 : around.top - own.height - 4)}px`;
    choices()[0]?.focus();
  }

  const choices = (): HTMLButtonElement[] => [...(list.current?.querySelectorAll<HTMLButtonElement>("button") ?? [])];

  function onKeyDown(event: React.KeyboardEvent): void {
    const buttons = choices();
    const index = buttons.indexOf(document.activeElement as HTMLButtonElement);
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (event.key === "Tab") list.current?.hidePopover();
    if (!step) return;
    event.preventDefault();
    buttons.at((index + step) % buttons.length)?.focus();
  }

  return (
    <>
      <button ref={opener} type="button" className={className} aria-label={label} title={label} aria-haspopup="menu" popoverTarget={id} onMouseDown={(event) => event.stopPropagation()}>{button}</button>
      <div ref={list} id={id} popover="auto" role="menu" aria-label={label} className="menu" onToggle={onToggle} onKeyDown={onKeyDown} onMouseDown={(event) => event.stopPropagation()}>
        {items.flatMap((item) => item ? [
          <button
            key={item.label}
            type="button"
            role={item.isChecked === undefined ? "menuitem" : "menuitemradio"}
            aria-checked={item.isChecked}
            className={item.isDangerous ? "dangerous" : ""}
            onClick={() => { list.current?.hidePopover(); opener.current?.focus(); item.onSelect(); }}
          >{item.label}{item.isChecked && <span aria-hidden="true"> ✓</span>}</button>,
        ] : [])}
      </div>
    </>
  );
}
