/**
 * A reply's Markdown as React elements, with the words marked that cells came from.
 *
 * No HTML of the text is ever interpreted, and nothing is loaded from elsewhere.
 */
import type { Element, ElementContent, Root, Text } from "hast";
import { memo, useMemo } from "react";
import ReactMarkdown, { type Components, type ExtraProps } from "react-markdown";
import remarkGfm from "remark-gfm";
import type { Mark } from "../provenance";
import { PassageMark } from "./MarkedText";

const components: Components = {
  a: ({ href, children }) => <a href={href} target="_blank" rel="noopener noreferrer nofollow ugc">{children}</a>,
  // An image would tell its host who reads; its address is shown instead.
  img: ({ src, alt }) => <a href={typeof src === "string" ? src : undefined} target="_blank" rel="noopener noreferrer nofollow ugc">{alt || (typeof src === "string" ? src : "")}</a>,
  table: ({ children }) => <div className="scroll-x" tabIndex={0}><table>{children}</table></div>,
  h1: "h3", h2: "h4", h3: "h5", h4: "h6",
  input: ({ checked }) => <span>{checked ? "☑ " : "☐ "}</span>,
};

export const Markdown = memo(function Markdown({ text, textId, marks }: { text: string; textId: string; marks: readonly Mark[] }) {
  const passages = useMemo(() => toUnits(text, marks), [text, marks]);
  const all = useMemo(() => ({
    ...components,
    mark: ({ node, children }: ExtraProps & { children?: React.ReactNode }) => {
      const mark = marks[Number(node?.properties.dataIndex)];
      return mark ? <PassageMark mark={mark} textId={textId}>{children}</PassageMark> : <>{children}</>;
    },
  }), [textId, marks]);
  return <ReactMarkdown remarkPlugins={[remarkGfm]} rehypePlugins={[[markPassages, passages]]} components={all}>{text}</ReactMarkdown>;
});

interface Passage { start: number; end: number; index: number }

/** Code points, in which the server counts, as the UTF-16 units in which the parser counts. */
function toUnits(text: string, marks: readonly Mark[]): Passage[] {
  if (!marks.length) return [];
  const offsets = [0];
  for (const point of text) offsets.push(offsets.at(-1)! + point.length);
  return marks.flatMap(({ start, end }, index) => {
    const [from, to] = [offsets[start], offsets[end]];
    return from === undefined || to === undefined ? [] : [{ start: from, end: to, index }];
  });
}

function markPassages(passages: readonly Passage[]) {
  const visit = (parent: Root | Element): void => {
    parent.children = (parent.children as ElementContent[]).flatMap((child) => {
      if (child.type === "text") return cut(child, passages);
      if (child.type === "element") visit(child);
      return [child];
    });
  };
  return (tree: Root): void => { if (passages.length) visit(tree); };
}

function cut(node: Text, passages: readonly Passage[]): ElementContent[] {
  const start = node.position?.start.offset ?? -1;
  const end = node.position?.end.offset ?? -1;
  // With an escape or a line break inside, positions in the text are not positions in the value.
  if (start < 0 || end - start !== node.value.length) return [node];
  const parts: ElementContent[] = [];
  let position = start;
  for (const passage of passages) {
    const [from, to] = [Math.max(passage.start, position), Math.min(passage.end, end)];
    if (from >= to) continue;
    if (from > position) parts.push({ type: "text", value: node.value.slice(position - start, from - start) });
    const children: Text[] = [{ type: "text", value: node.value.slice(from - start, to - start) }];
    parts.push({ type: "element", tagName: "mark", properties: { dataIndex: passage.index }, children });
    position = to;
  }
  if (position < end) parts.push({ type: "text", value: node.value.slice(position - start) });
  return parts;
}
