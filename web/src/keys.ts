// The keyboard: single keys and `g` followed by a letter.

export type Command =
  | "filter" | "down" | "up" | "open" | "help" | "leave"
  | "machines" | "profiles" | "images" | "roms" | "mirror" | "log";

const single: Record<string, Command> = {
  "/": "filter",
  j: "down",
  k: "up",
  Enter: "open",
  "?": "help",
  Escape: "leave",
};
const afterG: Record<string, Command> = { m: "machines", p: "profiles", i: "images", r: "roms", o: "mirror", l: "log" };

/** How long `g` waits for its letter. */
const patienceMs = 1500;

export class Keys {
  private pendingSince: number | null = null;

  /** The command of a key pressed at `now` (milliseconds); null if it means nothing (yet). */
  press(key: string, now: number): Command | null {
    const pending = this.pendingSince !== null && now - this.pendingSince <= patienceMs;
    this.pendingSince = null;
    if (pending && afterG[key]) return afterG[key];
    if (key === "g") {
      this.pendingSince = now;
      return null;
    }
    return single[key] ?? null;
  }
}
