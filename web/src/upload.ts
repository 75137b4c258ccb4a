// Sending images: each file in one request that goes on where the server's copy ends, and again when the connection breaks.
import type { UploadState } from "./api";
import { ApiError } from "./client";

/** A request to the server, as XMLHttpRequest makes it; fetch tells no progress. */
export interface Put {
  (path: string, range: string, body: Blob | null, onSent: (bytes: number) => void, signal: AbortSignal): Promise<UploadState>;
}

/** What is sent: a File, or a test's. */
export interface Source {
  name: string;
  size: number;
  slice(from: number, to: number): Blob;
}

export interface Sending {
  source: Source;
  /** Its path below the API. */
  path: string;
  sent: number;
  /** `waiting`: the connection broke, and it is tried again by itself. */
  state: "going" | "waiting" | "done" | "stopped" | "failed";
  /** Why it failed or waits; a sentence. */
  reason: string;
  /** When it began, with how many bytes there already. */
  began: number;
  beganAt: number;
}

const pauses = [1, 2, 5, 10, 20, 30];

/** Sends one file after the other. */
export class Uploads {
  readonly all: Sending[] = [];
  private running: AbortController | null = null;
  private current: Sending | null = null;

  constructor(
    private readonly put: Put,
    private readonly changed: () => void,
    private readonly pause: (seconds: number) => Promise<void> = (seconds) =>
      new Promise((go) => setTimeout(go, seconds * 1000)),
  ) {}

  get busy(): boolean {
    return this.current !== null;
  }

  add(source: Source, path: string): void {
    const sending: Sending = { source, path, sent: 0, state: "going", reason: "", began: 0, beganAt: 0 };
    const before = this.all.findIndex((other) => other.path === path && other.state !== "going");
    if (before >= 0) this.all.splice(before, 1);
    this.all.push(sending);
    this.changed();
    if (!this.current) void this.work();
  }

  /** What is on the server by then stays there. */
  stop(sending: Sending): void {
    if (sending.state !== "going" && sending.state !== "waiting") return;
    sending.state = "stopped";
    if (this.current === sending) this.running?.abort();
    this.changed();
  }

  forget(sending: Sending): void {
    this.all.splice(this.all.indexOf(sending), 1);
    this.changed();
  }

  private async work(): Promise<void> {
    for (;;) {
      this.current = this.all.find((sending) => sending.state === "going") ?? null;
      if (!this.current) return;
      await this.send(this.current);
      this.changed();
    }
  }

  private async send(sending: Sending): Promise<void> {
    for (let failures = 0; sending.state === "going" || sending.state === "waiting";) {
      const before = sending.sent;
      try {
        await this.attempt(sending);
        sending.state = "done";
      } catch (error) {
        if (stopped(sending)) return;
        sending.reason = error instanceof Error ? error.message : String(error);
        if (!(error instanceof ApiError) || error.trouble !== "offline") {
          sending.state = "failed";
          return;
        }
        failures = sending.sent > before ? 0 : failures + 1;
        sending.state = "waiting";
        this.changed();
        await this.pause(pauses[Math.min(failures, pauses.length - 1)]!);
        if (stopped(sending)) return;
      }
    }
  }

  /** Asks how much is there, and sends the rest. */
  private async attempt(sending: Sending): Promise<void> {
    const { source, path } = sending;
    const signal = (this.running = new AbortController()).signal;
    const there = await this.put(path, `bytes */${source.size}`, null, () => undefined, signal);
    if (there.whole) return;
    // Who sent the last byte puts it in its place.
    if (there.received >= source.size) throw new ApiError("offline", "It is all there, and takes its place in a moment.");
    const from = (sending.sent = sending.beganAt = there.received);
    sending.began = Date.now();
    sending.state = "going";
    sending.reason = "";
    this.changed();
    const rest = await this.put(path, `bytes ${from}-${source.size - 1}/${source.size}`, source.slice(from, source.size),
      (bytes) => {
        sending.sent = from + bytes;
        this.changed();
      }, signal);
    if (!rest.whole) throw new ApiError("server", "The server took only a part of it.");
  }
}

/** Its state may have changed while something was waited for. */
function stopped(sending: Sending): boolean {
  return sending.state === "stopped";
}

/** The parts of a path as a URL has them. */
export function encodePath(path: string): string {
  return path.split("/").map(encodeURIComponent).join("/");
}

/** Whether a file of that name can be an image. */
export function isImageName(name: string): boolean {
  return /^[^./\\][^/\\]*\.(iso|img|efi|wim)$/i.test(name);
}

/** How many seconds the rest will take; null while that can't be said. */
export function secondsLeft(sending: Sending, now: number): number | null {
  const took = (now - sending.began) / 1000;
  const sent = sending.sent - sending.beganAt;
  if (sending.state !== "going" || sending.began === 0 || took < 2 || sent <= 0) return null;
  return ((sending.source.size - sending.sent) * took) / sent;
}
