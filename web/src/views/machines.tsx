// The start: the live table of all machines.
import type { ComponentChildren } from "preact";
import { useEffect, useMemo, useState } from "preact/hooks";
import type { Machine } from "../api";
import { ago, moment } from "../format";
import { useModel, useNow } from "../hooks";
import { hardware, matches, page, platform, profileOf, sorted, title, type Sort, type SortKey } from "../machines";
import { formatRoute } from "../route";
import { outcome, status, type Tone } from "../stages";
import { Progress, Said, Stages, Status } from "./parts";
import { Welcome } from "./welcome";

const rowsPerPage = 100;

const columns: [SortKey, string][] = [
  ["machine", "Machine"],
  ["what", "Hardware"],
  ["ip", "Address"],
  ["status", "Boot"],
  ["profile", "Profile"],
  ["seen", "Seen"],
];

type Kind = "all" | "going" | "bad";
const kinds: [Kind, string][] = [["all", "All"], ["going", "Booting"], ["bad", "Need a look"]];

function tone(machine: Machine): Tone | null {
  return machine.boot ? outcome(machine.boot.outcome).tone : null;
}

export function MachinesView() {
  const model = useModel();
  const [filter, setFilter] = useState("");
  const [kind, setKind] = useState<Kind>("all");
  const [sort, setSort] = useState<Sort>({ key: "seen", descending: true });
  const [wanted, setWanted] = useState(0);
  const found = useServerFilter(filter);

  if (model.machines.size === 0) {
    if (!model.loaded) return <p class="blank" role="status">{model.tokenWanted ? "" : "Asking the server…"}</p>;
    return <Welcome />;
  }
  const all = model.machines.all();
  const fitting = all.filter((machine) => matches(machine, filter) || found.has(machine.mac));
  const counts = { all: fitting.length, going: 0, bad: 0 };
  for (const machine of fitting) {
    const its = tone(machine);
    if (its === "going" || its === "bad") counts[its]++;
  }
  const kept = kind === "all" ? fitting : fitting.filter((machine) => tone(machine) === kind);
  const shown = page(sorted(kept, sort), wanted, rowsPerPage);
  return (
    <>
      <h1 class="hidden">Machines</h1>
      <div class="toolbar" role="search">
        <input type="search" placeholder="Filter machines" aria-label="Filter machines" aria-keyshortcuts="/"
          value={filter} onInput={(event) => (setFilter(event.currentTarget.value), setWanted(0))} />
        <div class="chips" role="group" aria-label="Which machines">
          {kinds.map(([name, label]) => (
            <button type="button" key={name} aria-pressed={kind === name} onClick={() => (setKind(name), setWanted(0))}>
              {label} <span class="num">{counts[name]}</span>
            </button>
          ))}
        </div>
      </div>
      {model.truncated && (
        <p class="note">There are more than {all.length} machines; the filter finds them all.</p>
      )}
      {shown.rows.length === 0 ? (
        <p class="blank">No machine fits. <button type="button" class="link" onClick={() => (setFilter(""), setKind("all"))}>Show all</button></p>
      ) : (
        <table class="machines">
          <thead>
            <tr>{columns.map(([key, label]) => <Heading key={key} name={key} label={label} sort={sort} onSort={setSort} />)}</tr>
          </thead>
          <tbody>{shown.rows.map((machine) => <Row key={machine.mac} machine={machine} />)}</tbody>
        </table>
      )}
      {shown.pages > 1 && (
        <nav class="pages" aria-label="Pages">
          <button type="button" disabled={shown.page === 0} onClick={() => setWanted(shown.page - 1)}>Before</button>
          <span>Page {shown.page + 1} of {shown.pages}</span>
          <button type="button" disabled={shown.page + 1 >= shown.pages} onClick={() => setWanted(shown.page + 1)}>Next</button>
        </nav>
      )}
    </>
  );
}

/** The MAC addresses that the server finds for the filter: it knows facts that the table does not show. */
function useServerFilter(filter: string): ReadonlySet<string> {
  const model = useModel();
  const [found, setFound] = useState<ReadonlySet<string>>(() => new Set());
  useEffect(() => {
    setFound(new Set());
    const text = filter.trim();
    if (!text) return;
    const controller = new AbortController();
    const timer = setTimeout(() => {
      model.find(text, controller.signal).then(setFound, (error) => {
        if (!controller.signal.aborted) model.failed(error);
      });
    }, 250);
    return () => {
      clearTimeout(timer);
      controller.abort();
    };
  }, [filter]);
  return found;
}

function Heading({ name, label, sort, onSort }: { name: SortKey; label: string; sort: Sort; onSort(sort: Sort): void }) {
  const active = sort.key === name;
  // Times are wanted the newest first.
  const descending = active ? !sort.descending : name === "seen";
  return (
    <th scope="col" aria-sort={active ? (sort.descending ? "descending" : "ascending") : undefined}>
      <button type="button" onClick={() => onSort({ key: name, descending })}>
        {label}
        <span class="arrow" aria-hidden="true">{active ? (sort.descending ? "↓" : "↑") : ""}</span>
      </button>
    </th>
  );
}

function Row({ machine }: { machine: Machine }) {
  const link = formatRoute({ view: "machine", mac: machine.mac });
  const open = (event: MouseEvent) => {
    if (event.button === 0 && !(event.target as Element).closest("a") && !getSelection()?.toString()) location.hash = link;
  };
  const profile = profileOf(machine);
  const what = hardware(machine);
  return (
    <tr onClick={open}>
      <td class="name">
        <a href={link} data-row><Said mono={!machine.hostname}>{title(machine)}</Said></a>
        {machine.hostname && <Second><Said mono>{machine.mac}</Said></Second>}
      </td>
      <td class="what">
        <Said>{what || platform(machine) || <span class="note">not known</span>}</Said>
        {what && <Second><Said>{platform(machine)}</Said></Second>}
      </td>
      <td class="ip num"><Said>{machine.ip ?? ""}</Said></td>
      <td class="boot"><BootCell machine={machine} /></td>
      <td class="profile">
        {profile ? <Said>{profile.name}</Said> : <span class="note">none yet</span>}
        {profile?.why && <Second>{profile.why}</Second>}
      </td>
      <td class="seen num"><Seen when={machine.last_seen} /></td>
    </tr>
  );
}

function BootCell({ machine }: { machine: Machine }) {
  const boot = machine.boot;
  const word = useMemo(() => (boot ? status(boot) : null), [boot]);
  if (!boot || !word) return <span class="note">not booted yet</span>;
  const loading = word.tone === "going" && boot.stage === "loading";
  return (
    <>
      <span class="line">
        <Stages boot={boot} />
        <Status {...word} />
      </span>
      {loading && <Progress boot={boot} />}
      {boot.cause && <Second><Said>{boot.cause}</Said></Second>}
    </>
  );
}

function Seen({ when }: { when: string | null }) {
  const now = useNow();
  if (!when) return <span>not yet</span>;
  return <time dateTime={when} title={moment(when)}>{ago(Date.parse(when), now)}</time>;
}

function Second({ children }: { children: ComponentChildren }) {
  return <span class="second">{children}</span>;
}
