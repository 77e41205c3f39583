/** A reply's Markdown as React elements: no HTML of the text is ever interpreted, and nothing is loaded from elsewhere. */
import { memo } from "react";
import ReactMarkdown, { type Components } from "react-markdown";
import remarkGfm from "remark-gfm";

const components: Components = {
  a: ({ href, children }) => <a href={href} target="_blank" rel="noopener noreferrer nofollow ugc">{children}</a>,
  // An image would tell its host who reads; its address is shown instead.
  img: ({ src, alt }) => <a href={typeof src === "string" ? src : undefined} target="_blank" rel="noopener noreferrer nofollow ugc">{alt || (typeof src === "string" ? src : "")}</a>,
  table: ({ children }) => <div className="scroll-x" tabIndex={0}><table>{children}</table></div>,
  h1: "h3", h2: "h4", h3: "h5", h4: "h6",
  input: ({ checked }) => <span>{checked ? "☑ " : "☐ "}</span>,
};

export const Markdown = memo(function Markdown({ text }: { text: string }) {
  return <ReactMarkdown remarkPlugins={[remarkGfm]} components={components}>{text}</ReactMarkdown>;
});
