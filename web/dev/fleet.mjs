// The made-up machines of the development server, and how they boot.

const mib = 1024 * 1024;
const hardware = [
  ["Dell Inc.", "PowerEdge R640", "x86_64", "uefi"],
  ["HPE", "ProLiant DL360 Gen10", "x86_64", "uefi"],
  ["Supermicro", "SYS-1029P-WTR", "x86_64", "bios"],
  ["QEMU", "Standard PC (Q35 + ICH9, 2009)", "x86_64", "http"],
  ["Ampere(R)", "Mt. Jade", "arm64", "uefi"],
  ["LENOVO", "20XW0026GE", "x86_64", "uefi"],
];
const roles = ["web", "db", "node", "build", "store", "edge"];

const mac = (number) =>
  ["52", "54", "00", number >> 16, number >> 8, number]
    .map((part) => (typeof part === "string" ? part : (part & 255).toString(16).padStart(2, "0")))
    .join(":");
const iso = (time) => new Date(time).toISOString();

export const profiles = [
  ["debian12", "Debian 12, unattended", true, "Installers", "kernel", 8, { mirror: "mirror.example.org", disk: "/dev/vda" }],
  ["disk", "Local disk", true, "", "local", 16, {}],
  ["memtest", "Memory test", true, "Tools", "kernel", 19, {}],
  ["rescue", "Rescue system", true, "Tools", "script", 13, { keymap: "de" }],
].map(([name, title, menu, menu_group, kind, line, vars]) => ({ name, title, menu, menu_group: menu_group || null, firmware: [], arch: [], kind, file: "pixie.toml", line, vars }));

export const rules = [
  { name: "rack 1", profile: "debian12", file: "pixie.toml", line: 31,
    conditions: [{ fact: "mac", patterns: ["52:54:00:00:*"] }, { fact: "firmware", patterns: ["uefi", "http"] }] },
  { name: "arm", profile: "rescue", file: "pixie.d/arm.toml", line: 1, conditions: [{ fact: "arch", patterns: ["arm64"] }] },
  { name: "rule 3", profile: "disk", file: "pixie.toml", line: 38, conditions: [] },
];

export const mistakes = [{
  file: "pixie.toml", line: 9, column: 1, text: "there is no key `kernl` in a profile; `kernel` is meant",
  excerpt: 'kernl = "/extra/debian/linux"',
}, {
  file: "templates/preseed.cfg", line: 14, column: 38, text: "nothing defines the name `diskk`; `disk` is meant",
  excerpt: "d-i partman-auto/disk string /dev/{{ diskk }}",
}];

export const images = [
  ["debian-12.5.0-amd64-netinst", "iso", 658_505_728, "Debian 12.5.0 amd64 n", 1532, ["bios", "uefi"]],
  ["tools/memtest86+", "iso", 6_291_456, "MT86PLUS_64", 12, ["bios", "uefi"]],
  ["tools/shellx64", "efi", 1_000_000, null, null, ["uefi"]],
  ["fedora", "folder", 0, null, null, []],
].map(([name, kind, size, volume_id, files, firmware]) => ({
  name, kind, size, volume_id, files, firmware, file: kind === "folder" ? name : `${name}.${kind}`, path: `images/${name}/`, title: null,
  recipe: null, format: kind === "iso" ? "ISO 9660, Rock Ridge" : null, modified: "2026-03-01T12:00:00.000Z", pending: false, fault: null,
}));
images.push({ ...images[0], name: "half", file: "half.iso", fault: "The image ends before the files in it do: it was cut off.", firmware: [], files: null, format: null, volume_id: null });
images.push({ ...images[0], name: "coming", file: "coming.iso", pending: true, firmware: [], files: null, format: null, volume_id: null });

export const roms = [
  ["undionly.kpxe", [], "i386", 70085], ["snponly.efi", ["snponly64.efi", "snponly-x86_64.efi"], "x86_64", 256000],
  ["acme.efi", [], "other", null], ["ipxe.efi", ["ipxe64.efi"], "x86_64", 1044480],
  ["snponly-arm64.efi", ["snponly-arm.efi"], "arm64", 245760], ["ipxe-riscv64.efi", [], "riscv64", 1107456],
].map(([name, aliases, arch, size], index) => ({
  name, aliases, arch, size, sha256: size && (index + 10).toString(16).repeat(64).slice(0, 64), version: size && "1.21.1+git20220113",
  origin: size ? "Debian package ipxe 1.0.0+git-20190125, as installed where this was built" : "roms/acme.efi",
  licence: size && "GPL-2.0-or-later with UBDL",
}));

/** What happens in a boot, in order: seconds after the step before, what it brings. */
const plot = [
  [0.0, { stage: "dhcp", event: "dhcp.proxy_offered", text: "snponly.efi, from 10.0.0.2" }],
  [1.4, { stage: "rom", event: "tftp.done", text: "snponly.efi", bytes: 256000, seconds: 0.4 }],
  [2.0, { stage: "ipxe", event: "dhcp.proxy_offered", text: "chain.ipxe, from 10.0.0.2" }],
  [0.3, { stage: "ipxe", event: "http.done", text: "/chain.ipxe", bytes: 1932, seconds: 0.01 }],
  [1.5, { stage: "script", event: "boot.script", text: "debian12, by rule \"rack 1\"" }],
  [0.2, { stage: "loading", event: "http.started", text: "/extra/debian/linux", total: 8 * mib + 41 * mib }],
  [1.2, { stage: "loading", event: "http.done", text: "/extra/debian/linux", bytes: 8 * mib, seconds: 1.1, sent: 8 * mib }],
  [5.5, { stage: "loading", event: "http.done", text: "/extra/debian/initrd.gz", bytes: 41 * mib, seconds: 5.3, sent: 41 * mib }],
  [2.0, { stage: "system", event: "boot.ended", text: "everything was sent", outcome: "booted" }],
];
const endings = {
  stall: { at: 1, outcome: "stalled",
    cause: "It was offered snponly.efi and never asked for it: TFTP (UDP port 69) is blocked between this machine and the server." },
  fail: { at: 6, outcome: "failed", cause: "/extra/debian/initrd.gz is not there (404): its profile debian12 names it (pixie.toml:10)." },
};

let lastId = 0;

export class MadeUpMachine {
  constructor(number, now) {
    const [manufacturer, product, arch, firmware] = hardware[number % hardware.length];
    this.number = number;
    this.known = number % 7 !== 6;
    this.machine = {
      mac: mac(number), hostname: this.known ? `${roles[number % roles.length]}${Math.floor(number / roles.length) + 1}` : null,
      ip: `10.0.${number >> 8}.${(number & 255) || 1}`, arch, firmware, manufacturer, product,
      first_seen: iso(now - 86400e3 * (1 + (number % 40))), last_seen: iso(now - 1000 * ((number * 7919) % 90000)),
      assignment: { profile: number % 11 === 3 ? "rescue" : null, once: number % 13 === 5 ? "debian12" : null, vars: {} },
      own_script: number % 17 === 4, install: null, boot: null, version: 1,
    };
    this.boots = [];
    if (number % 9 !== 8) this.past(now - 1000 * ((number * 7919) % 90000));
  }

  /** A boot that is long over. */
  past(when) {
    const ending = this.number % 10 === 7 ? endings.stall : this.number % 10 === 2 ? endings.fail : null;
    this.begin(when, ending);
    while (this.boot.outcome === "under_way") this.step(this.next);
    this.machine.last_seen = this.boot.updated;
  }

  begin(now, ending = null) {
    const because = this.machine.own_script ? "own_script" : this.machine.assignment.profile ? "assigned" : "rule";
    this.ending = ending;
    this.index = 0;
    this.next = now;
    this.because = because;
    this.boot = {
      id: ++lastId, mac: this.machine.mac, started: iso(now), updated: iso(now), stage: "dhcp", outcome: "under_way", cause: null,
      profile: null, because: null, bytes_sent: 0, bytes_total: 0, steps: [], steps_left_out: 0,
    };
    this.boots.unshift(this.boot);
    this.boots.length = Math.min(this.boots.length, 50);
    this.sync();
  }

  /** Whether something changed by `now`. */
  advance(now) {
    if (!this.boot || this.boot.outcome !== "under_way") return null;
    if (now >= this.next) return this.step(now);
    if (this.boot.stage !== "loading") return null;
    const [length, { sent = 0 }] = plot[this.index];
    const done = plot.slice(0, this.index).reduce((sum, [, step]) => sum + (step.sent ?? 0), 0);
    this.boot.bytes_sent = Math.floor(done + sent * Math.max(0, 1 - (this.next - now) / (length * 1000)));
    this.boot.updated = iso(now);
    this.sync();
    return {};
  }

  step(now) {
    const boot = this.boot;
    if (this.ending && this.index === this.ending.at) {
      Object.assign(boot, { outcome: this.ending.outcome, cause: this.ending.cause, updated: iso(now + 30000) });
      this.sync();
      return { level: "warning", event: "boot.ended", outcome: boot.outcome, reason: boot.cause };
    }
    const [, { stage, event, text, bytes = 0, seconds = 0, total = 0, sent = 0, outcome }] = plot[this.index++];
    boot.stage = stage;
    boot.updated = iso(now);
    boot.steps.push({ at: iso(now), event, text, bytes, seconds });
    boot.bytes_total += total;
    if (sent) boot.bytes_sent = plot.slice(0, this.index).reduce((sum, [, step]) => sum + (step.sent ?? 0), 0);
    if (event === "boot.script") {
      boot.because = this.because;
      boot.profile = this.because === "own_script" ? null : (this.machine.assignment.profile ?? "debian12");
    }
    if (outcome) boot.outcome = outcome;
    if (plot[this.index]) this.next = now + plot[this.index][0] * 1000 * (0.8 + ((this.number * 31) % 10) / 20);
    this.sync();
    return { level: "info", event, file: text, ...(bytes ? { bytes, seconds } : {}) };
  }

  sync() {
    const { steps, steps_left_out, ...summary } = this.boot;
    this.machine.boot = summary;
    this.machine.last_seen = this.boot.updated;
  }

  detail() {
    const { mac: address, ip, arch, firmware, manufacturer, product, hostname } = this.machine;
    const facts = [
      ["mac", address, "observed"], ["uuid", `4c4c4544-0037-4210-8044-${String(this.number).padStart(12, "0")}`, "claimed"],
      ["serial", `7B${this.number}DX2`, "claimed"], ["manufacturer", manufacturer, "claimed"], ["product", product, "claimed"],
      ["arch", arch, "claimed"], ["firmware", firmware, "claimed"], ["ip", ip, "observed"], ["interface", "eth1", "observed"],
      ["hostname", hostname, "configured"],
    ].filter(([, value]) => value).map(([name, value, source]) => ({ name, value, source }));
    return { ...this.machine, facts };
  }

  explain() {
    const { assignment, own_script, mac: address } = this.machine;
    const name = address.replaceAll(":", "-");
    const steps = [
      { because: "own_script", decided: own_script, text: own_script ? `file ${name}.ipxe` : `no file ${name}.ipxe` },
      { because: "once", decided: !!assignment.once, text: assignment.once ? `once: ${assignment.once}` : "nothing is assigned for one boot" },
      { because: "assigned", decided: !!assignment.profile, text: assignment.profile ? `assigned: ${assignment.profile}` : "nothing is assigned" },
      { because: "machine", decided: false, text: "no entry in pixie.toml names a profile for it" },
      { because: "rule", decided: true, text: 'rule "rack 1" (pixie.toml:31): matches' },
    ];
    const last = steps.findIndex((step) => step.decided);
    const because = steps[last].because;
    const profile = { own_script: null, once: assignment.once, assigned: assignment.profile }[because] ?? (own_script ? null : "debian12");
    return {
      mac: address, decision: { because, profile, rule: because === "rule" ? "rack 1" : null }, steps: steps.slice(0, last + 1),
      script: `#!ipxe\n# ${profile ?? "own script"}: ${because}\nkernel http://10.0.0.2/extra/debian/linux auto=true priority=critical url=http://10.0.0.2/t/preseed.cfg?mac=${address} hostname=${this.machine.hostname ?? ""} initrd=initrd.gz || goto failed\ninitrd http://10.0.0.2/extra/debian/initrd.gz || goto failed\nboot || goto failed\n:failed\necho That did not work; the menu comes again.\nsleep 10\nexit 0\n`,
      error: null, rom: this.machine.firmware === "bios" ? "undionly.kpxe" : "snponly.efi",
      urls: [{ url: "http://10.0.0.2/extra/debian/linux", exists: true }, { url: "http://10.0.0.2/extra/debian/initrd.gz", exists: this.number % 10 !== 2 },
        { url: `http://10.0.0.2/t/preseed.cfg?mac=${address}`, exists: true }, { url: "http://mirror.example.org/debian", exists: null }],
    };
  }
}

const hoursAgo = (hours) => new Date(Date.now() - hours * 3_600_000).toISOString();

export const mirror = {
  on: true, hits: 412, misses: 3, stale: 0, hit_rate: 412 / 415, fetched_bytes: 151_000_000, fetching: 1, files: 3, bytes: 151_000_000,
  limit_bytes: 20 * 2 ** 30,
  entries: ["linux", "initrd.gz", "rescue.iso"].map((name, index) => ({
    url: `https://mirror.example.org/debian/${name}`, path: `/mirror/https/mirror.example.org/debian/${name}`, size: 9e6 * 8 ** index,
    have: index === 2 ? 9e7 : 9e6 * 8 ** index, whole: index < 2, sha256: index < 2 ? "5f3a9c01d2e47b86".repeat(4) : null,
    fetched: hoursAgo(30), validated: hoursAgo(index), fresh_until: hoursAgo(2 * index - 1), used: hoursAgo(index / 4),
  })),
};
