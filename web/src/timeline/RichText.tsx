import { Link } from "@tanstack/react-router";
import { recordPath } from "@/lib/paths";
import { createElement, type ReactNode, useMemo } from "react";
import classes from "./RichText.module.css";

/** Elements that a note may hold; of all others only the text stays. */
const allowed = new Set(["p", "br", "strong", "b", "em", "i", "u", "s", "ul", "ol", "li", "blockquote", "code", "pre", "h1", "h2", "h3", "h4"]);
/** Elements whose text is no text of the note. */
const dropped = new Set(["script", "style", "template", "iframe", "object", "embed", "noscript", "title", "svg", "math"]);
const renamed: Record<string, string> = { h1: "h4", h2: "h4", h3: "h4" };
const DEEPEST = 40;

export function isRich(text: string): boolean {
  return /^\s*<(p|div|ul|ol|h[1-6]|blockquote|pre)[\s>]/i.test(text);
}

function safeLink(href: string | null): string | undefined {
  return href && /^(https?:|mailto:|tel:)/i.test(href.trim()) ? href.trim() : undefined;
}

/** Takes handlers out of tags before parsing: they would do nothing, but the browser reports each to the console. */
function quiet(text: string): string {
  return text.replace(/<[^>]*>/g, (tag) => tag.replace(/[\s/]on[a-z]+\s*=/gi, " data-off="));
}

function nodes(list: NodeListOf<ChildNode>, depth: number): ReactNode[] {
  return depth > DEEPEST ? [] : [...list].map((node, i) => render(node, i, depth));
}

/** Builds what may be shown anew; nothing of the text's own markup reaches the page. */
function render(node: ChildNode, key: number, depth: number): ReactNode {
  if (node.nodeType === Node.TEXT_NODE) return node.textContent;
  if (!(node instanceof Element)) return null;
  const name = node.tagName.toLowerCase();
  if (dropped.has(name)) return null;
  const inner = nodes(node.childNodes, depth + 1);
  const who = node.getAttribute("data-mention");
  if (who && /^[0-9a-f-]{36}$/i.test(who)) return <Link key={key} to={recordPath("systemuser", who)} className={classes.mention}>{inner}</Link>;
  if (name === "a") {
    const href = safeLink(node.getAttribute("href"));
    return href ? <a key={key} href={href} target="_blank" rel="noopener noreferrer nofollow" className="link">{inner}</a> : <span key={key}>{inner}</span>;
  }
  if (name === "br") return <br key={key} />;
  if (!allowed.has(name)) return <span key={key}>{inner}</span>;
  return createElement(renamed[name] ?? name, { key }, ...inner);
}

/** A note's text: plain as it was typed, or rich and cleaned. */
export function RichText({ text }: { text: string }) {
  const content = useMemo(() => (isRich(text) ? nodes(new DOMParser().parseFromString(quiet(text), "text/html").body.childNodes, 0) : undefined), [text]);
  return content ? <div className={classes.rich}>{content}</div> : <p className={classes.plain}>{text}</p>;
}
