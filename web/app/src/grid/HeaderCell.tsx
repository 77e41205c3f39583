import { ArrowDown, ArrowUp, ChevronDown } from "lucide-react";
import { isRightToLeft, t } from "../i18n";
import { Menu } from "../ui/Menu";
import type { Column } from "./types";
import { TYPE_SYMBOLS } from "./columnTypes";

export type ColumnAction = "ascending" | "descending" | "unsorted" | "filter" | "change" | "insert" | "back" | "forth" | "delete";

interface Props {
  column: Column;
  index: number;
  count: number;
  start: number;
  size: number;
  sort: { descending?: boolean | null } | null;
  isReadOnly: boolean;
  isSelected: boolean;
  onSelect: () => void;
  onResize: (width: number) => void;
  onAction: (action: ColumnAction) => void;
}

export function HeaderCell({ column, index, count, start, size, sort, isReadOnly, isSelected, onSelect, onResize, onAction }: Props) {
  function drag(event: React.PointerEvent): void {
    event.preventDefault();
    event.stopPropagation();
    const target = event.currentTarget;
    const from = event.clientX;
    const direction = isRightToLeft() ? -1 : 1;
    target.setPointerCapture(event.pointerId);
    const move = (next: Event): void => onResize(size + ((next as PointerEvent).clientX - from) * direction);
    target.addEventListener("pointermove", move);
    target.addEventListener("pointerup", () => target.removeEventListener("pointermove", move), { once: true });
  }
  const edit = !isReadOnly;
  return (
    <div
      className={`head-cell ${isSelected ? "selected" : ""}`}
      role="columnheader"
      aria-colindex={index + 2}
      aria-sort={sort ? (sort.descending ? "descending" : "ascending") : "none"}
      style={{ insetInlineStart: start, width: size }}
      title={column.description ?? undefined}
    >
      <span className="head-name" onMouseDown={(event) => { event.preventDefault(); onSelect(); }}>
        <span className="type" aria-hidden="true" title={t(`type.${column.type}`)}>{TYPE_SYMBOLS[column.type]}</span>
        <span dir="auto">{column.name}</span>
        {sort && (sort.descending ? <ArrowDown size={14} aria-hidden /> : <ArrowUp size={14} aria-hidden />)}
      </span>
      <Menu
        label={t("column.menu", { name: column.name })}
        button={<ChevronDown size={14} aria-hidden />}
        items={[
          { label: t("column.ascending"), onSelect: () => onAction("ascending") },
          { label: t("column.descending"), onSelect: () => onAction("descending") },
          sort && { label: t("column.unsorted"), onSelect: () => onAction("unsorted") },
          { label: t("column.filter"), onSelect: () => onAction("filter") },
          edit && { label: t("column.change"), onSelect: () => onAction("change") },
          edit && { label: t("column.insert"), onSelect: () => onAction("insert") },
          edit && index > 0 && { label: t("column.back"), onSelect: () => onAction("back") },
          edit && index < count - 1 && { label: t("column.forth"), onSelect: () => onAction("forth") },
          edit && { label: t("column.delete"), onSelect: () => onAction("delete"), isDangerous: true },
        ]}
      />
      <span className="resize" onPointerDown={drag} />
    </div>
  );
}
