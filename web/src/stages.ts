// What a boot's stage and outcome look like: the row of six steps, and the words beside it.
import type { BootSummary } from "./api";

export const stages = ["dhcp", "rom", "ipxe", "script", "loading", "system"] as const;

const labels: Record<string, string> = {
  dhcp: "DHCP",
  rom: "ROM",
  ipxe: "iPXE",
  script: "Script",
  loading: "Loading",
  system: "System",
};

// Where a boot is, in the middle of a sentence.
const places: Record<string, string> = {
  dhcp: "at DHCP",
  rom: "at its ROM",
  ipxe: "in iPXE",
  script: "at its script",
  loading: "while loading",
  system: "at its system",
};

/** What a step of the row is: behind it, at it, ended well or badly in it, or not reached. */
export type StepState = "done" | "current" | "ended" | "failed" | "ahead";

export interface StageStep {
  label: string;
  state: StepState;
}

/** How an outcome is to be taken: under way, good, bad, or neither. */
export type Tone = "going" | "good" | "bad" | "neutral";

const outcomes: Record<string, [string, Tone]> = {
  under_way: ["booting", "going"],
  booted: ["booted", "good"],
  local: ["local disk", "good"],
  handed_over: ["handed over", "good"],
  installing: ["installing", "going"],
  installed: ["installed", "good"],
  failed: ["failed", "bad"],
  stalled: ["stalled", "bad"],
  superseded: ["began anew", "neutral"],
};

export function stageLabel(stage: string): string {
  return labels[stage] ?? stage;
}

/** The word for an outcome and how it is to be taken; one that is not known stays as it came. */
export function outcome(name: string): { word: string; tone: Tone } {
  const [word, tone] = outcomes[name] ?? [plain(name), "neutral" as Tone];
  return { word, tone };
}

/** Outcome in words, with the stage where it matters: `loading`, `stalled at its ROM`, `booted`. */
export function status(boot: BootSummary): { word: string; tone: Tone } {
  const { word, tone } = outcome(boot.outcome);
  const place = places[boot.stage] ?? `at ${plain(boot.stage)}`;
  if (boot.outcome === "under_way") return { word: boot.stage === "loading" ? "loading" : place, tone };
  if (tone === "bad") return { word: `${word} ${place}`, tone };
  return { word, tone };
}

/** The row of steps for a boot. A stage that is not known leaves all steps ahead. */
export function stageRow(boot: BootSummary): StageStep[] {
  const at = stages.indexOf(boot.stage as (typeof stages)[number]);
  const { tone } = outcome(boot.outcome);
  const here: Record<Tone, StepState> = { going: "current", good: "ended", bad: "failed", neutral: "ended" };
  return stages.map((stage, index) => {
    const state = index < at ? "done" : index > at ? "ahead" : here[tone];
    return { label: stageLabel(stage), state };
  });
}

const reasons: Record<string, string> = {
  own_script: "own script",
  menu: "chosen in its menu",
  once: "for this boot only",
  assigned: "assigned",
  machine: "by its entry in pixie.toml",
  upstream: "by the other server",
  rule: "by a rule",
  group: "by its group",
  default_script: "default.ipxe",
  nothing: "nothing matched",
};

/** Why a profile was given, in words. */
export function reason(because: string): string {
  return reasons[because.replace(/[ -]/g, "_")] ?? plain(because);
}

function plain(name: string): string {
  return name.replaceAll("_", " ");
}
