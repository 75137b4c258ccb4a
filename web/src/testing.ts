// Machines and boots for tests: whole ones, with what matters overwritten.
import type { BootSummary, Machine } from "./api";

export function boot(parts: Partial<BootSummary> = {}): BootSummary {
  return {
    id: 1, mac: "52:54:00:00:00:01", started: "2026-03-01T12:00:00.000Z", updated: "2026-03-01T12:00:10.000Z", stage: "loading",
    outcome: "under_way", cause: null, profile: "debian12", because: "rule", bytes_sent: 0, bytes_total: 0, ...parts,
  };
}

export function machine(parts: Partial<Machine> = {}): Machine {
  return {
    mac: "52:54:00:00:00:01", hostname: null, ip: null, arch: null, firmware: null, manufacturer: null, product: null,
    first_seen: "2026-03-01T11:00:00.000Z", last_seen: "2026-03-01T12:00:10.000Z",
    assignment: { profile: null, once: null, vars: {} }, own_script: false, install: null, boot: null, version: 0, ...parts,
  };
}
