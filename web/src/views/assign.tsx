// What is assigned to a machine: a profile for good, one for the next boot only, variables; and forgetting the machine.
import { useEffect, useState } from "preact/hooks";
import type { AssignmentEdit, MachineDetail, Profile } from "../api";
import { ApiError } from "../client";
import { useModel } from "../hooks";
import { linesOf, sameVars, varsOf, type VarLine } from "../vars";
import { Panel, Trouble } from "./parts";

interface Props {
  mac: string;
  machine: MachineDetail | null;
  etag: string | null;
  profiles: Profile[];
  onChange(): void;
}

export function Assign({ mac, machine, etag, profiles, onChange }: Props) {
  const model = useModel();
  const vars = machine?.assignment.vars ?? {};
  const now = { profile: machine?.assignment.profile ?? "", once: machine?.assignment.once ?? "", lines: linesOf(vars) };
  const [chosen, setChosen] = useState(now);
  const [error, setError] = useState("");
  const [busy, setBusy] = useState(false);
  // What somebody else assigned meanwhile is shown; a choice that was not saved gives way to it.
  useEffect(() => setChosen(now), [now.profile, now.once, JSON.stringify(now.lines)]);

  const send = async (work: () => Promise<unknown>) => {
    setBusy(true);
    setError("");
    try {
      await work();
      onChange();
    } catch (failure) {
      const changed = failure instanceof ApiError && failure.trouble === "changed";
      const said = model.failed(failure);
      setError(changed ? "Somebody else changed it meanwhile; it was read again." : said);
      if (changed) onChange();
    }
    setBusy(false);
  };
  const patch = (assignment: AssignmentEdit) =>
    send(() => model.client.call(`machines/${mac}`, { method: "PATCH", body: assignment, ifMatch: etag }));
  const written = varsOf(chosen.lines);
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    if ("mistake" in written) return setError(written.mistake);
    const body: AssignmentEdit = {};
    if (chosen.profile !== now.profile) body.profile = chosen.profile || null;
    if (chosen.once !== now.once) body.once = chosen.once || null;
    if (!sameVars(written.vars, vars)) body.vars = written.vars;
    void patch(body);
  };
  const same = chosen.profile === now.profile && chosen.once === now.once && "vars" in written && sameVars(written.vars, vars);
  const nothing = !now.profile && !now.once && now.lines.length === 0;
  return (
    <Panel title="Assigned">
      <form class="assign" onSubmit={submit}>
        <Choice label="Profile" none="by the files" value={chosen.profile} profiles={profiles}
          onChoose={(profile) => setChosen({ ...chosen, profile })} />
        <Choice label="Next boot only" none="no" value={chosen.once} profiles={profiles}
          onChoose={(once) => setChosen({ ...chosen, once })} />
        <VarLines lines={chosen.lines} onChange={(lines) => setChosen({ ...chosen, lines })} />
        {machine?.own_script && (
          <p class="note">It has a script of its own in the scripts folder, which wins over whatever is assigned.</p>
        )}
        <div class="buttons">
          <button class="primary" disabled={busy || same}>Assign</button>
          <button type="button" disabled={busy || nothing}
            onClick={() => patch({ profile: null, once: null, vars: null })}>Clear</button>
          {machine && <Forget busy={busy} onForget={() => send(() => forget(mac))} />}
        </div>
        {error && <Trouble>{error}</Trouble>}
      </form>
    </Panel>
  );

  async function forget(address: string) {
    await model.client.call(`machines/${address}`, { method: "DELETE" });
    model.machines.remove(address);
    model.changed();
    location.hash = "#/";
  }
}

function Choice(props: { label: string; none: string; value: string; profiles: Profile[]; onChoose(name: string): void }) {
  const gone = props.value !== "" && !props.profiles.some((profile) => profile.name === props.value);
  return (
    <label class="choice">
      <span>{props.label}</span>
      <select value={props.value} onChange={(event) => props.onChoose(event.currentTarget.value)}>
        <option value="">{props.none}</option>
        {gone && <option value={props.value}>{props.value} (there is none)</option>}
        {props.profiles.map(({ name, title }) => (
          <option key={name} value={name}>{title && title !== name ? `${name}: ${title}` : name}</option>
        ))}
      </select>
    </label>
  );
}

/** A row for each variable, and one to begin another. */
function VarLines({ lines, onChange }: { lines: VarLine[]; onChange(lines: VarLine[]): void }) {
  const change = (at: number, part: Partial<VarLine>) =>
    onChange(lines.map((line, index) => (index === at ? { ...line, ...part } : line)));
  return (
    <fieldset class="var-lines">
      <legend>Variables</legend>
      {lines.map((line, at) => (
        <div class="var-line" key={at}>
          <input aria-label="Name" placeholder="name" value={line.name} autocapitalize="off" spellcheck={false}
            onInput={(event) => change(at, { name: event.currentTarget.value })} />
          <span class="note" aria-hidden="true">=</span>
          <input aria-label={`Value of ${line.name || "the variable"}`} placeholder="value" value={line.text}
            autocapitalize="off" spellcheck={false} onInput={(event) => change(at, { text: event.currentTarget.value })} />
          <button type="button" class="plain" aria-label={`Remove ${line.name || "the variable"}`} title="Remove"
            onClick={() => onChange(lines.filter((_, index) => index !== at))}>✕</button>
        </div>
      ))}
      <button type="button" class="link" onClick={() => onChange([...lines, { name: "", text: "" }])}>Add a variable</button>
      {lines.length > 0 && (
        <p class="note">Numbers, <code>true</code>, <code>["lists"]</code> and <code>{'{"tables": 1}'}</code> as in JSON; all else is text.</p>
      )}
    </fieldset>
  );
}

/** Asks once more before it does. */
function Forget({ busy, onForget }: { busy: boolean; onForget(): void }) {
  const [asked, setAsked] = useState(false);
  if (!asked) return <button type="button" class="apart" disabled={busy} onClick={() => setAsked(true)}>Forget…</button>;
  return (
    <span class="apart ask">
      <button type="button" class="danger" disabled={busy} onClick={onForget}>Forget it and its boots</button>
      <button type="button" onClick={() => setAsked(false)}>Keep</button>
    </span>
  );
}
