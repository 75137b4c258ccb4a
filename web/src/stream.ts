// Server-Sent Events by fetch: EventSource can't send a token, and says nothing about why it fails.
import { ApiError } from "./client";

export interface StreamEvent {
  type: string;
  data: string;
}

/** Bytes of a stream, in pieces cut anywhere, to events (HTML standard, section 9.2.6). */
export class EventParser {
  private rest = "";
  private type = "";
  private data: string[] = [];
  private afterReturn = false;

  push(text: string): StreamEvent[] {
    const events: StreamEvent[] = [];
    // A line feed that follows a carriage return of the piece before belongs to it.
    const skip = this.afterReturn && text.startsWith("\n") ? 1 : 0;
    if (text !== "") this.afterReturn = text.endsWith("\r");
    const lines = (this.rest + text.slice(skip)).split(/\r\n|\n|\r/);
    this.rest = lines.pop() ?? "";
    for (const line of lines) {
      if (line === "") this.dispatch(events);
      else this.field(line);
    }
    return events;
  }

  private field(line: string): void {
    const colon = line.indexOf(":");
    if (colon === 0) return; // a remark
    const name = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? "" : line.slice(colon + 1).replace(/^ /, "");
    if (name === "event") this.type = value;
    else if (name === "data") this.data.push(value);
  }

  private dispatch(events: StreamEvent[]): void {
    if (this.data.length > 0) events.push({ type: this.type || "message", data: this.data.join("\n") });
    this.type = "";
    this.data = [];
  }
}

/** How long to wait before try number `tries` (from 1): 1, 2, 4 … 15 s, each plus up to a fifth. Milliseconds. */
export function pause(tries: number, random: number): number {
  return Math.min(15000, 1000 * 2 ** (tries - 1)) * (1 + random / 5);
}

/** `waiting`: until the next try; `token`: until somebody gives one. */
export type Connection = "connecting" | "live" | "waiting" | "token";

export interface StreamOptions {
  open(signal: AbortSignal): Promise<Response>;
  onState(state: Connection): void;
  onEvent(event: StreamEvent): void;
  /** A stream that is silent for longer is broken: the server sends a remark every 15 s. */
  silenceMs?: number;
  wait?(ms: number, signal: AbortSignal): Promise<void>;
}

/** Reads the stream until the signal, and connects again whenever it ends. */
export async function follow(options: StreamOptions, signal: AbortSignal): Promise<void> {
  const wait = options.wait ?? sleep;
  let tries = 0;
  while (!signal.aborted) {
    options.onState("connecting");
    try {
      await readOnce(options, signal, () => {
        tries = 0;
        options.onState("live");
      });
    } catch (error) {
      if (signal.aborted) return;
      if (error instanceof ApiError && error.trouble === "token") return options.onState("token");
    }
    if (signal.aborted) return;
    options.onState("waiting");
    await wait(pause(++tries, Math.random()), signal);
  }
}

async function readOnce(options: StreamOptions, signal: AbortSignal, opened: () => void): Promise<void> {
  const own = new AbortController();
  const stop = () => own.abort();
  signal.addEventListener("abort", stop, { once: true });
  let watch = setTimeout(stop, options.silenceMs ?? 40000);
  try {
    const response = await options.open(own.signal);
    if (!response.body) return;
    opened();
    const parser = new EventParser();
    const reader = response.body.pipeThrough(new TextDecoderStream() as ReadableWritablePair<string, Uint8Array>).getReader();
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      clearTimeout(watch);
      watch = setTimeout(stop, options.silenceMs ?? 40000);
      for (const event of parser.push(value)) options.onEvent(event);
    }
  } finally {
    clearTimeout(watch);
    signal.removeEventListener("abort", stop);
  }
}

function sleep(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener("abort", () => (clearTimeout(timer), resolve()), { once: true });
  });
}
