// The shapes that /api/v1 answers with, by the names of its OpenAPI document; check_api.mjs compares the two.

export interface Assignment {
  profile: string | null;
  once: string | null;
  vars: Record<string, unknown>;
}

/** What a PATCH changes: only what is given. */
export interface AssignmentEdit {
  profile?: string | null;
  once?: string | null;
  vars?: Record<string, unknown> | null;
}

export interface Install {
  profile: string;
  status: string;
  when: string;
  message: string | null;
}

export interface BootSummary {
  id: number;
  mac: string;
  started: string;
  updated: string;
  stage: string;
  outcome: string;
  cause: string | null;
  profile: string | null;
  because: string | null;
  bytes_sent: number;
  bytes_total: number;
}

export interface BootStep {
  at: string;
  event: string;
  text: string;
  bytes: number;
  seconds: number;
}

export interface Boot extends BootSummary {
  steps: BootStep[];
  steps_left_out: number;
}

export interface Machine {
  mac: string;
  hostname: string | null;
  ip: string | null;
  arch: string | null;
  firmware: string | null;
  manufacturer: string | null;
  product: string | null;
  first_seen: string | null;
  last_seen: string | null;
  assignment: Assignment;
  own_script: boolean;
  install: Install | null;
  boot: BootSummary | null;
  version: number;
}

export interface Forgotten {
  mac: string;
}

export interface Fact {
  name: string;
  value: string;
  source: string;
}

export interface MachineDetail extends Machine {
  facts: Fact[];
}

export interface MachineList {
  machines: Machine[];
  next: string | null;
}

export interface BootList {
  boots: Boot[];
}

export interface Decision {
  because: string;
  profile: string | null;
  rule: string | null;
}

export interface ExplanationStep {
  because: string;
  decided: boolean;
  text: string;
}

export interface ExplanationUrl {
  url: string;
  exists: boolean | null;
}

export interface Explanation {
  mac: string;
  decision: Decision;
  steps: ExplanationStep[];
  script: string | null;
  error: string | null;
  urls: ExplanationUrl[];
  rom: string | null;
}

export interface Profile {
  name: string;
  title: string;
  menu: boolean;
  menu_group: string | null;
  firmware: string[];
  arch: string[];
  kind: string;
  file: string;
  line: number;
  vars: Record<string, unknown>;
}

export interface ProfileList {
  profiles: Profile[];
}

export interface Condition {
  fact: string;
  patterns: string[];
}

export interface Rule {
  name: string;
  profile: string | null;
  conditions: Condition[];
  file: string;
  line: number;
}

export interface RuleList {
  rules: Rule[];
}

export interface Mistake {
  file: string;
  line: number;
  column: number;
  text: string;
  excerpt: string;
}

export interface MistakeList {
  problems: Mistake[];
}

export interface Rom {
  name: string;
  aliases: string[];
  arch: string;
  size: number | null;
  sha256: string | null;
  version: string | null;
  origin: string;
  licence: string | null;
}

export interface MirrorEntry {
  url: string;
  path: string | null;
  size: number;
  have: number;
  whole: boolean;
  sha256: string | null;
  fetched: string;
  validated: string;
  fresh_until: string;
  used: string;
}

export interface Mirror {
  on: boolean;
  hits: number;
  misses: number;
  stale: number;
  hit_rate: number | null;
  fetched_bytes: number;
  fetching: number;
  files: number;
  bytes: number;
  limit_bytes: number;
  entries: MirrorEntry[];
}

export interface RomList {
  roms: Rom[];
}

export interface Image {
  name: string;
  file: string;
  path: string;
  kind: string;
  title: string | null;
  recipe: string | null;
  profiles: string[];
  remark: string | null;
  format: string | null;
  volume_id: string | null;
  files: number | null;
  firmware: string[];
  size: number;
  modified: string | null;
  pending: boolean;
  fault: string | null;
}

export interface PartialUpload {
  file: string;
  received: number;
  size: number;
  modified: string | null;
}

export interface ImageList {
  folder: string | null;
  writable: boolean;
  free: number | null;
  images: Image[];
  uploads: PartialUpload[];
}

export interface UploadState {
  file: string;
  received: number;
  size: number;
  whole: boolean;
}

export interface ImageNews {
  images: number;
  pending: number;
}

export interface Version {
  version: string;
}

export interface LogRecord {
  time: string;
  level: string;
  event: string;
  sentence: string;
  fields: Record<string, number | string>;
}
