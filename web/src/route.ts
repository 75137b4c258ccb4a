// What the address's fragment names: `#/machines/52:54:00:12:34:56`, `#/profiles`, …

export type Route =
  | { view: "machines" }
  | { view: "machine"; mac: string }
  | { view: "profiles" }
  | { view: "images" }
  | { view: "roms" }
  | { view: "mirror" }
  | { view: "log"; mac: string };

/** A MAC address in any spelling, as the API writes it; null if it is none. */
export function canonicalMac(text: string): string | null {
  const digits = text.replace(/[:.-]/g, "").toLowerCase();
  return /^[0-9a-f]{12}$/.test(digits) ? digits.match(/../g)!.join(":") : null;
}

/** Whatever is not understood is the start. */
export function parseRoute(hash: string): Route {
  const [path = "", query = ""] = hash.replace(/^#\/?/, "").split("?");
  const [view, rest] = path.split("/");
  if (view === "machines" && rest) {
    const mac = canonicalMac(decode(rest));
    if (mac) return { view: "machine", mac };
  }
  if (view === "profiles" || view === "images" || view === "roms" || view === "mirror") return { view };
  if (view === "log") return { view, mac: canonicalMac(new URLSearchParams(query).get("mac") ?? "") ?? "" };
  return { view: "machines" };
}

export function formatRoute(route: Route): string {
  if (route.view === "machine") return `#/machines/${route.mac}`;
  if (route.view === "log" && route.mac) return `#/log?mac=${route.mac}`;
  return route.view === "machines" ? "#/" : `#/${route.view}`;
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return "";
  }
}
