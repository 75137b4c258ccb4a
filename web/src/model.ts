// What the page knows: machines, log and mistakes, kept up to date by one stream; and who is told when it changes.
import type { Forgotten, LogRecord, Machine, MachineList, Mistake, MistakeList, Version } from "./api";
import { ApiError, type Client } from "./client";
import { LogBuffer, type Level } from "./log";
import { MachineTable, title } from "./machines";
import { status } from "./stages";
import { follow, type Connection, type StreamEvent } from "./stream";
import { Uploads } from "./upload";

/** More machines than these are not held; the filter finds them. */
export const machineLimit = 10000;
const pageLimit = 1000;
/** Changes are shown together, at most this often. */
const flushMs = 200;

/** What to say aloud of a change: that a boot ended, and how. Empty if that is not it. */
export function announcement(before: Machine | undefined, after: Machine): string {
  const boot = after.boot;
  if (!boot || boot.outcome === "under_way" || boot.outcome === "superseded") return "";
  if (before?.boot?.id === boot.id && before.boot.outcome === boot.outcome) return "";
  return `${title(after)}: ${status(boot).word}`;
}

export class Model {
  readonly machines = new MachineTable();
  readonly log = new LogBuffer();
  /** Counts up with each news of images. */
  imageNews = 0;
  readonly uploads: Uploads;
  mistakes: Mistake[] = [];
  connection: Connection = "connecting";
  version = "";
  /** Whether the list of machines was read whole once. */
  loaded = false;
  /** More machines are there than are held. */
  truncated = false;
  /** Why the last reading failed; empty if it did not. */
  trouble = "";
  /** A call was refused for want of a token. */
  tokenWanted = false;
  /** The last thing for screen readers. */
  said = "";
  readonly since = new Date().toISOString();

  private readonly listeners = new Set<() => void>();
  private flushTimer: ReturnType<typeof setTimeout> | null = null;
  private running: AbortController | null = null;
  private loading: Promise<void> | null = null;
  private logLevel: Level = "info";

  constructor(readonly client: Client) {
    this.uploads = new Uploads((...request) => client.put(...request), () => this.changed());
  }

  subscribe(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  /** Tells the listeners, soon and once for many changes. */
  changed(): void {
    this.flushTimer ??= setTimeout(() => {
      this.flushTimer = null;
      for (const listener of [...this.listeners]) listener();
    }, flushMs);
  }

  /** The time by the server's clock, in milliseconds. */
  now(): number {
    return Date.now() + this.client.skew;
  }

  /** Connects, or connects anew: with another token or log level. */
  start(): void {
    this.running?.abort();
    const running = (this.running = new AbortController());
    const query = `types=log,machine,problems,images&level=${this.logLevel}`;
    void follow({
      open: (signal) => this.client.send(`events?${query}`, "text/event-stream", { signal }),
      onState: (state) => this.onState(state),
      onEvent: (event) => this.onEvent(event),
    }, running.signal);
  }

  setToken(token: string): void {
    this.client.token = token;
    this.tokenWanted = false;
    this.start();
    this.changed();
  }

  /** Lines below this level are not sent at all until asked for. */
  setLogLevel(level: Level): void {
    const wanted = level === "debug" ? "debug" : "info";
    if (wanted === this.logLevel) return;
    this.logLevel = wanted;
    this.start();
  }

  /** An error of a call: what is wrong for all is kept; the sentence is given back. */
  failed(error: unknown): string {
    const forbidden = error instanceof ApiError && error.trouble === "forbidden" && this.client.token !== "";
    if (forbidden || (error instanceof ApiError && error.trouble === "token")) {
      this.tokenWanted = true;
      this.changed();
    }
    return error instanceof Error ? error.message : String(error);
  }

  private onState(state: Connection): void {
    this.connection = state;
    if (state === "token") this.tokenWanted = true;
    // What happened while there was no stream is read; and once even where streams don't come through.
    if (state === "live" || (state === "waiting" && !this.loaded)) void this.load();
    this.changed();
  }

  private onEvent(event: StreamEvent): void {
    let data: unknown;
    try {
      data = JSON.parse(event.data);
    } catch {
      return;
    }
    if (event.type === "machine") this.onMachine(data as Machine);
    else if (event.type === "forgotten") this.machines.remove((data as Forgotten).mac);
    else if (event.type === "log") this.log.add(data as LogRecord);
    else if (event.type === "problems") this.mistakes = (data as MistakeList).problems ?? [];
    else if (event.type === "images") this.imageNews++;
    this.changed();
  }

  private onMachine(machine: Machine): void {
    const news = announcement(this.machines.get(machine.mac), machine);
    if (news) this.said = news;
    this.machines.told(machine);
  }

  /** Reads all pages; one reading at a time. */
  load(): Promise<void> {
    return (this.loading ??= this.read().finally(() => {
      this.loading = null;
      this.changed();
    }));
  }

  private async read(): Promise<void> {
    try {
      const mark = this.machines.mark();
      const seen = new Set<string>();
      let after = "";
      do {
        const list = await this.client.get<MachineList>(`machines?limit=${pageLimit}${after && `&after=${after}`}`);
        this.machines.fetched(list.machines, mark);
        for (const machine of list.machines) seen.add(machine.mac);
        after = list.next ?? "";
        this.changed();
      } while (after && seen.size < machineLimit);
      this.truncated = after !== "";
      if (!this.truncated) this.machines.finish(seen, mark);
      this.loaded = true;
      this.mistakes = (await this.client.get<MistakeList>("problems")).problems;
      this.version ||= (await this.client.get<Version>("version")).version;
      this.trouble = "";
    } catch (error) {
      this.trouble = this.failed(error);
    }
  }

  /** Asks the server, which looks at every fact and at all machines; what it finds is taken in. */
  async find(text: string, signal: AbortSignal): Promise<Set<string>> {
    const mark = this.machines.mark();
    const list = await this.client.get<MachineList>(
      `machines?limit=${pageLimit}&q=${encodeURIComponent(text)}`, signal);
    this.machines.fetched(list.machines, mark);
    return new Set(list.machines.map((machine) => machine.mac));
  }
}
