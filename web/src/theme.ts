// Dark or light: as the system has it, or as the switch says.

export type Theme = "auto" | "light" | "dark";
const order: Theme[] = ["auto", "light", "dark"];
const key = "pixie-theme";

export function readTheme(): Theme {
  try {
    const kept = localStorage.getItem(key) as Theme;
    return order.includes(kept) ? kept : "auto";
  } catch {
    return "auto";
  }
}

export function applyTheme(theme: Theme): void {
  const root = document.documentElement;
  if (theme === "auto") delete root.dataset["theme"];
  else root.dataset["theme"] = theme;
  try {
    localStorage.setItem(key, theme);
  } catch {
    // Not kept, then.
  }
}

export function nextTheme(theme: Theme): Theme {
  return order[(order.indexOf(theme) + 1) % order.length]!;
}
