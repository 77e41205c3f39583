import { ArrowDown, ArrowUp, ChevronDown } from "lucide-react";
import { memo, type RefObject } from "react";
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
  events: RefObject<HeadEvents>;
}

export interface HeadEvents {
  select: (column: number) => void;
  resize: (key: string, width: number) => void;
  act: (action: ColumnAction, column: Column) => void;
}

export const HeaderCell = memo(function HeaderCell({ column, index, count, start, size, sort, isReadOnly, isSelected, events }: Props) {
  const onAction = (action: ColumnAction): void => events.current.act(action, column);
  function drag(event: React.PointerEvent): void {
    event.preventDefault();
    event.stopPropagation();
    const target = event.currentTarget;
    const from = event.clientX;
    const direction = isRightToLeft() ? -1 : 1;
    target.setPointerCapture(event.pointerId);
    const move = (next: Event): void => events.current.resize(column.key, size + ((next as PointerEvent).clientX - from) * direction);
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
      <span className="head-name" onMouseDown={(event) => { event.preventDefault(); events.current.select(index); }}>
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
});
