// The small parts that several views are made of.
import type { ComponentChildren } from "preact";
import { useState } from "preact/hooks";
import type { BootSummary, Mistake } from "../api";
import { bytes, share } from "../format";
import { stageRow, status, type Tone } from "../stages";

const marks: Record<Tone, string> = { going: "●", good: "✓", bad: "✕", neutral: "–" };

/** A word with a shape and a colour: each of the three says the same. */
export function Status({ tone, word }: { tone: Tone; word: string }) {
  return (
    <span class={`status ${tone}`}>
      <span class="mark" aria-hidden="true">{marks[tone]}</span>
      {word}
    </span>
  );
}

/** The six steps of a boot; with their names if `labels`. */
export function Stages({ boot, labels = false }: { boot: BootSummary; labels?: boolean }) {
  const row = stageRow(boot);
  return (
    <ol class={labels ? "stages labels" : "stages"} aria-label={`Stage: ${status(boot).word}`}>
      {row.map((step) => (
        <li
          key={step.label}
          class={step.state}
          title={step.label}
          aria-current={step.state === "current" || step.state === "failed" ? "step" : undefined}
        >
          <span class={labels ? "" : "hidden"}>{step.label}</span>
        </li>
      ))}
    </ol>
  );
}

/** How much was sent, as a bar and in numbers; nothing before there is a size. */
export function Progress({ boot, numbers = false }: { boot: BootSummary; numbers?: boolean }) {
  const part = share(boot.bytes_sent, boot.bytes_total);
  if (part === null) return null;
  const text = `${bytes(boot.bytes_sent)} of ${bytes(boot.bytes_total)}`;
  return (
    <span class="progress">
      <progress max={1} value={part} aria-label={`Sent: ${text}`} title={text} />
      {numbers ? <span class="num">{text}</span> : <span class="num">{Math.floor(part * 100)} %</span>}
    </span>
  );
}

/** Text that a machine or a file said: kept apart from the direction of the text around it. */
export function Said({ children, mono = false }: { children: ComponentChildren; mono?: boolean }) {
  return <bdi class={mono ? "mono" : undefined}>{children}</bdi>;
}

export function Panel(props: { title: string; children: ComponentChildren; note?: ComponentChildren; id?: string }) {
  return (
    <section class="panel" aria-label={props.title} id={props.id}>
      <h2>
        {props.title}
        {props.note !== undefined && <span class="note">{props.note}</span>}
      </h2>
      {props.children}
    </section>
  );
}

/** Something is wrong: a sentence in a box. */
export function Trouble({ children }: { children: ComponentChildren }) {
  return (
    <p class="box bad" role="alert">
      <span class="mark" aria-hidden="true">✕</span>
      <span>{children}</span>
    </p>
  );
}

/** A text to copy, in a box with a button. */
export function Snippet({ text, label }: { text: string; label: string }) {
  const [copied, setCopied] = useState(false);
  const copy = () =>
    navigator.clipboard.writeText(text).then(() => {
      setCopied(true);
      setTimeout(() => setCopied(false), 2000);
    }, () => undefined);
  return (
    <div class="snippet">
      <pre tabIndex={0} aria-label={label}>{text}</pre>
      {/* Browsers give the clipboard to pages from https and from this machine only. */}
      {"clipboard" in navigator && <button type="button" onClick={copy}>{copied ? "Copied" : "Copy"}</button>}
    </div>
  );
}

/** The spaces before a column of a line, tabs kept, so that a caret stands right below. Columns count bytes, from 1. */
export function caret(excerpt: string, column: number): string {
  const before = new TextEncoder().encode(excerpt).slice(0, Math.max(0, column - 1));
  return new TextDecoder().decode(before).replace(/[^\t]/g, " ") + "^";
}

/** The mistakes of the files that are not in force. */
export function Mistakes({ mistakes }: { mistakes: Mistake[] }) {
  if (mistakes.length === 0) return null;
  const count = mistakes.length === 1 ? "A mistake" : `${mistakes.length} mistakes`;
  return (
    <section class="mistakes" role="alert" aria-label="Mistakes in the files">
      <h2>
        <span class="mark" aria-hidden="true">!</span> {count} in the files: what was good before stays in force
      </h2>
      {mistakes.slice(0, 20).map((mistake, index) => (
        <div class="mistake" key={index}>
          <p>
            <Said mono>{mistake.file}{mistake.line > 0 && `:${mistake.line}:${mistake.column}`}</Said>{" "}
            <Said>{mistake.text}</Said>
          </p>
          {mistake.excerpt && <pre>{mistake.excerpt}{"\n"}{caret(mistake.excerpt, mistake.column)}</pre>}
        </div>
      ))}
      {mistakes.length > 20 && <p>{mistakes.length - 20} more: <code>pixie check</code> tells all.</p>}
    </section>
  );
}
