// The machines of the table: pages of the API and live changes merged into one, sorted and filtered for the view.
import type { Machine } from "./api";
import { reason, status } from "./stages";

interface Entry {
  machine: Machine;
  /** When the stream last told of it, by the counter. */
  told: number;
}

/** All machines that are known here. A page of the API never overwrites what the stream told after it was asked for. */
export class MachineTable {
  private readonly entries = new Map<string, Entry>();
  /** When those that were forgotten were, by the counter. */
  private readonly forgotten = new Map<string, number>();
  private counter = 0;

  get size(): number {
    return this.entries.size;
  }

  get(mac: string): Machine | undefined {
    return this.entries.get(mac)?.machine;
  }

  all(): Machine[] {
    return Array.from(this.entries.values(), (entry) => entry.machine);
  }

  /** To be taken before a page is asked for, and given to fetched() and finish(). */
  mark(): number {
    return this.counter;
  }

  fetched(machines: Machine[], mark: number): void {
    for (const machine of machines) {
      if ((this.forgotten.get(machine.mac) ?? 0) > mark) continue;
      const old = this.entries.get(machine.mac);
      if (!old || old.told <= mark) this.entries.set(machine.mac, { machine, told: old?.told ?? 0 });
    }
  }

  /** The whole list was read since `mark`: what was not in it, and not told of meanwhile, is gone. */
  finish(seen: ReadonlySet<string>, mark: number): void {
    for (const [mac, entry] of this.entries) {
      if (!seen.has(mac) && entry.told <= mark) this.entries.delete(mac);
    }
    for (const [mac, when] of this.forgotten) {
      if (when <= mark) this.forgotten.delete(mac);
    }
  }

  told(machine: Machine): void {
    this.forgotten.delete(machine.mac);
    this.entries.set(machine.mac, { machine, told: ++this.counter });
  }

  /** It was forgotten: a page that was asked for before does not bring it back. */
  remove(mac: string): void {
    this.entries.delete(mac);
    this.forgotten.set(mac, ++this.counter);
  }
}

export type SortKey = "machine" | "what" | "ip" | "status" | "profile" | "seen";
export interface Sort {
  key: SortKey;
  descending: boolean;
}

/** What the machine is called: its host name, else its MAC address. */
export function title(machine: Machine): string {
  return machine.hostname || machine.mac;
}

const firmwares: Record<string, string> = { bios: "BIOS", uefi: "UEFI", http: "UEFI HTTP" };

/** The hardware: `Dell Inc. PowerEdge R640`; empty if nothing is known. */
export function hardware(machine: Machine): string {
  return [machine.manufacturer, machine.product].filter(Boolean).join(" ");
}

/** `x86_64 · UEFI`; empty if nothing is known. */
export function platform(machine: Machine): string {
  const firmware = machine.firmware ? (firmwares[machine.firmware] ?? machine.firmware) : null;
  return [machine.arch, firmware].filter(Boolean).join(" · ");
}

/** What it boots, or would: of its boot, else what is assigned; null if nothing is known. */
export function profileOf(machine: Machine): { name: string; why: string } | null {
  const boot = machine.boot;
  if (boot?.because) return { name: boot.profile || reason(boot.because), why: boot.profile ? reason(boot.because) : "" };
  if (machine.assignment.once) return { name: machine.assignment.once, why: "next boot only" };
  if (machine.assignment.profile) return { name: machine.assignment.profile, why: "assigned" };
  if (machine.own_script) return { name: "own script", why: "" };
  return null;
}

/** Addresses in the order of their numbers, not of their digits. */
function ipKey(ip: string | null): string {
  if (!ip) return "~";
  return ip.includes(":") ? `6${ip}` : `4${ip.split(".").map((part) => part.padStart(3, "0")).join(".")}`;
}

// Sorted by status, what needs a look comes first.
const toneOrder = { bad: 0, going: 1, neutral: 2, good: 3 };

function sortKey(machine: Machine, key: SortKey): string {
  switch (key) {
    case "machine":
      return title(machine).toLowerCase();
    case "what":
      return `${hardware(machine)} ${platform(machine)}`.trim().toLowerCase() || "~";
    case "ip":
      return ipKey(machine.ip);
    case "status": {
      if (!machine.boot) return "9";
      const { word, tone } = status(machine.boot);
      return `${toneOrder[tone]}${word}`;
    }
    case "profile":
      return profileOf(machine)?.name.toLowerCase() ?? "~";
    case "seen":
      // While it boots it keeps the place of the boot's start: rows that move can't be read.
      return machine.boot?.outcome === "under_way" ? machine.boot.started : (machine.last_seen ?? "");
  }
}

/** A new array; equal ones in the order of their MAC addresses, so that rows don't jump. */
export function sorted(machines: readonly Machine[], sort: Sort): Machine[] {
  const sign = sort.descending ? -1 : 1;
  return machines
    .map((machine) => ({ machine, key: sortKey(machine, sort.key) }))
    .sort((a, b) => {
      if (a.key !== b.key) return a.key < b.key ? -sign : sign;
      return a.machine.mac < b.machine.mac ? -1 : a.machine.mac > b.machine.mac ? 1 : 0;
    })
    .map((entry) => entry.machine);
}

// A machine that changes is another object, so what was made of one stays true.
const haystacks = new WeakMap<Machine, string>();

function haystack(machine: Machine): string {
  let text = haystacks.get(machine);
  if (text === undefined) haystacks.set(machine, (text = makeHaystack(machine)));
  return text;
}

function makeHaystack(machine: Machine): string {
  const profile = profileOf(machine);
  const words = machine.boot ? status(machine.boot).word : "not booted";
  return [machine.mac, machine.mac.replaceAll(":", "-"), machine.hostname, machine.ip, hardware(machine),
    platform(machine), profile?.name, profile?.why, words, machine.boot?.cause]
    .filter(Boolean)
    .join("\n")
    .toLowerCase();
}

/** Whether every word of the filter is somewhere in what the row shows, in any case. */
export function matches(machine: Machine, filter: string): boolean {
  const words = filter.toLowerCase().split(/\s+/).filter(Boolean);
  if (words.length === 0) return true;
  const text = haystack(machine);
  return words.every((word) => text.includes(word));
}

/** One page of `size` rows, the number of pages, and the page that is shown if `wanted` is too far. */
export function page<T>(rows: readonly T[], wanted: number, size: number): { rows: T[]; page: number; pages: number } {
  const pages = Math.max(1, Math.ceil(rows.length / size));
  const shown = Math.min(Math.max(0, wanted), pages - 1);
  return { rows: rows.slice(shown * size, (shown + 1) * size), page: shown, pages };
}
