// The log that the page keeps while it is open: the last lines, by level, text and machine.
import type { LogRecord } from "./api";

export const levels = ["error", "warning", "info", "debug"] as const;
export type Level = (typeof levels)[number];

export interface LogLine {
  /** Grows with each line: a key for the view. */
  id: number;
  entry: LogRecord;
}

export interface LogFilter {
  /** This level and worse ones. */
  level: Level;
  text: string;
  mac: string;
}

/** The last `limit` lines. */
export class LogBuffer {
  private lines: LogLine[] = [];
  private next = 0;
  /** How many lines fell out. */
  dropped = 0;

  constructor(private readonly limit = 5000) {}

  add(entry: LogRecord): void {
    this.lines.push({ id: this.next++, entry });
    // In larger steps, so that a busy log is not moved for every line.
    if (this.lines.length > this.limit * 1.1) {
      this.dropped += this.lines.length - this.limit;
      this.lines = this.lines.slice(-this.limit);
    }
  }

  clear(): void {
    this.lines = [];
    this.dropped = 0;
  }

  get size(): number {
    return this.lines.length;
  }

  /** The newest `count` lines that fit, oldest first; up to line number `until`, if the view is paused there. */
  select(filter: LogFilter, count: number, until = Infinity): LogLine[] {
    const found: LogLine[] = [];
    const words = filter.text.toLowerCase().split(/\s+/).filter(Boolean);
    for (let i = this.lines.length - 1; i >= 0 && found.length < count; i--) {
      const line = this.lines[i]!;
      if (line.id <= until && fits(line.entry, filter, words)) found.push(line);
    }
    return found.reverse();
  }

  get newest(): number {
    return this.next - 1;
  }
}

function severity(level: string): number {
  const index = levels.indexOf(level as Level);
  return index < 0 ? levels.indexOf("info") : index;
}

function fits(entry: LogRecord, filter: LogFilter, words: string[]): boolean {
  if (severity(entry.level) > severity(filter.level)) return false;
  if (filter.mac && entry.fields["mac"] !== filter.mac) return false;
  if (words.length === 0) return true;
  const text = `${entry.event} ${entry.sentence} ${fieldsText(entry.fields)}`.toLowerCase();
  return words.every((word) => text.includes(word));
}

/** `mac=52:54:00:12:34:56 file="a b"`: as the log on a terminal writes it. */
export function fieldsText(fields: LogRecord["fields"]): string {
  return Object.entries(fields)
    .map(([name, value]) => `${name}=${fieldText(value)}`)
    .join(" ");
}

export function fieldText(value: string | number): string {
  const text = String(value);
  return /^[^\s"=]+$/.test(text) ? text : JSON.stringify(text);
}
