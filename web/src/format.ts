// How times, durations and sizes are written for people.

const units = ["B", "kB", "MB", "GB", "TB"];

/** `0 B`, `999 B`, `1.0 kB`, `12.3 MB`: powers of 1000, three digits at most before the unit. */
export function bytes(count: number): string {
  let value = Math.max(0, count);
  let unit = 0;
  while (value >= 999.5 && unit < units.length - 1) {
    value /= 1000;
    unit++;
  }
  const digits = unit === 0 || value >= 99.95 ? 0 : 1;
  return `${value.toFixed(digits)} ${units[unit]}`;
}

/** `0.4 s`, `12 s`, `3 min 05 s`, `2 h 14 min`, `3 d 4 h`. */
export function duration(seconds: number): string {
  const value = Math.max(0, seconds);
  if (value < 9.95) return `${value.toFixed(1)} s`;
  const whole = Math.round(value);
  if (whole < 60) return `${whole} s`;
  const two = (number: number) => String(number).padStart(2, "0");
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${two(whole % 60)} s`;
  if (whole < 86400) return `${Math.floor(whole / 3600)} h ${two(Math.floor((whole % 3600) / 60))} min`;
  return `${Math.floor(whole / 86400)} d ${Math.floor((whole % 86400) / 3600)} h`;
}

/** How long ago, in one unit: `now`, `12 s ago`, `5 min ago`, `3 h ago`, `8 d ago`. Milliseconds in. */
export function ago(when: number, now: number): string {
  if (Number.isNaN(when)) return "";
  const seconds = Math.floor((now - when) / 1000);
  if (seconds < 2) return "now";
  if (seconds < 60) return `${seconds} s ago`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ago`;
  if (seconds < 86400) return `${Math.floor(seconds / 3600)} h ago`;
  return `${Math.floor(seconds / 86400)} d ago`;
}

/** The time of day in the browser's zone, `14:03:07`; with milliseconds if asked. Empty for what is no time. */
export function clock(text: string, milliseconds = false): string {
  const date = new Date(text);
  if (Number.isNaN(date.getTime())) return "";
  const pad = (number: number, width = 2) => String(number).padStart(width, "0");
  const time = `${pad(date.getHours())}:${pad(date.getMinutes())}:${pad(date.getSeconds())}`;
  return milliseconds ? `${time}.${pad(date.getMilliseconds(), 3)}` : time;
}

/** Day and time in the browser's zone, `2026-03-01 14:03:07`. Empty for what is no time. */
export function moment(text: string): string {
  const date = new Date(text);
  if (Number.isNaN(date.getTime())) return "";
  const pad = (number: number) => String(number).padStart(2, "0");
  return `${date.getFullYear()}-${pad(date.getMonth() + 1)}-${pad(date.getDate())} ${clock(text)}`;
}

/** Seconds between two times; 0 if either is none. */
export function between(start: string, end: string): number {
  const seconds = (Date.parse(end) - Date.parse(start)) / 1000;
  return Number.isFinite(seconds) ? Math.max(0, seconds) : 0;
}

/** How much of the bytes was sent, 0 to 1; nothing while the size is not known. */
export function share(sent: number, total: number): number | null {
  return total > 0 ? Math.min(1, Math.max(0, sent / total)) : null;
}
