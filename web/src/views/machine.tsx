// One machine: its boot now, its timeline, earlier boots, facts, why it boots what it boots, and what is assigned.
import { useEffect, useRef, useState } from "preact/hooks";
import type { Boot, BootList, Explanation, MachineDetail, ProfileList } from "../api";
import { ApiError } from "../client";
import { ago, between, duration, moment } from "../format";
import { useLoaded, useModel, useNow } from "../hooks";
import { hardware, platform, profileOf, title } from "../machines";
import { formatRoute } from "../route";
import { reason, status } from "../stages";
import { Assign } from "./assign";
import { Panel, Progress, Said, Stages, Status, Trouble } from "./parts";
import { Timeline } from "./timeline";

export function MachineView({ mac }: { mac: string }) {
  const model = useModel();
  const known = model.machines.get(mac);
  // Read again when the machine changed, at most once a second.
  const change = useSlowly(JSON.stringify([known, model.mistakes, model.connection]), 1000);
  const detail = useLoaded(async (signal) => {
    try {
      const { value, etag } = await model.client.call<MachineDetail>(`machines/${mac}`, { signal });
      return { machine: value, etag };
    } catch (error) {
      if (error instanceof ApiError && error.trouble === "missing") return { machine: null, etag: null };
      throw error;
    }
  }, change);
  const boots = useLoaded((signal) => model.client.get<BootList>(`machines/${mac}/boots`, signal).catch(noBoots), change);
  const explained = useLoaded((signal) => model.client.get<Explanation>(`explain/${mac}`, signal), change);
  const profiles = useLoaded((signal) => model.client.get<ProfileList>("profiles", signal), change);
  const machine = detail.value?.machine ?? null;
  const error = detail.error || boots.error;
  const [boot, ...earlier] = boots.value?.boots ?? [];
  return (
    <article class="machine">
      <p class="back"><a href="#/">← Machines</a> <a href={formatRoute({ view: "log", mac })}>Its log</a></p>
      <Head mac={mac} machine={machine} boot={boot ?? null} />
      {error && !model.tokenWanted && <Trouble>{error}</Trouble>}
      {detail.value && !machine && (
        <p class="box">This machine is not known: it was not seen yet, or was forgotten. What it would get is told below.</p>
      )}
      {boot?.cause && <p class="box bad"><span class="mark" aria-hidden="true">✕</span><Said>{boot.cause}</Said></p>}
      <div class="columns">
        <div>
          {boot && <Panel title="This boot" note={moment(boot.started)}><Timeline boot={boot} /></Panel>}
          {earlier.length > 0 && <Earlier boots={earlier} />}
          <Script explained={explained.value} error={explained.error} />
        </div>
        <div>
          {detail.value && (
            <Assign mac={mac} machine={machine} etag={detail.value.etag} profiles={profiles.value?.profiles ?? []}
              onChange={() => (detail.reload(), explained.reload())} />
          )}
          {explained.value && <Why explained={explained.value} />}
          {machine && machine.facts.length > 0 && <Facts machine={machine} />}
        </div>
      </div>
    </article>
  );
}

function noBoots(error: unknown): BootList {
  if (error instanceof ApiError && error.trouble === "missing") return { boots: [] };
  throw error;
}

/** `value`, but changing at most every `ms`. */
function useSlowly(value: string, ms: number): string {
  const [slow, setSlow] = useState(value);
  const last = useRef(0);
  useEffect(() => {
    const timer = setTimeout(() => {
      last.current = performance.now();
      setSlow(value);
    }, Math.max(0, last.current + ms - performance.now()));
    return () => clearTimeout(timer);
  }, [value]);
  return slow;
}

function Head({ mac, machine, boot }: { mac: string; machine: MachineDetail | null; boot: Boot | null }) {
  const model = useModel();
  const now = useNow();
  const shown = model.machines.get(mac) ?? machine;
  const current = model.machines.get(mac)?.boot ?? boot;
  const profile = shown && profileOf(shown);
  return (
    <div class="head">
      <h1><Said>{shown ? title(shown) : mac}</Said></h1>
      <p class="about">
        {[shown?.hostname ? mac : "", shown && hardware(shown), shown && platform(shown), shown?.ip]
          .filter(Boolean).map((text) => <Said key={text}>{text}</Said>)}
        {shown?.last_seen && <span title={moment(shown.last_seen)}>seen {ago(Date.parse(shown.last_seen), now)}</span>}
        {profile && <span>boots <b><Said>{profile.name}</Said></b>{profile.why && ` (${profile.why})`}</span>}
      </p>
      {current && (
        <div class="now">
          <Stages boot={current} labels />
          <span class="line"><Status {...status(current)} /><Progress boot={current} numbers /></span>
        </div>
      )}
      {shown?.install && (
        <p class="note">
          Installation of <Said>{shown.install.profile}</Said>: {shown.install.status}, {moment(shown.install.when)}
          {shown.install.message && <>: <Said>{shown.install.message}</Said></>}
        </p>
      )}
    </div>
  );
}

function Earlier({ boots }: { boots: Boot[] }) {
  return (
    <Panel title="Earlier boots" note={boots.length}>
      {boots.map((boot) => (
        <details key={boot.id}>
          <summary>
            <span class="num">{moment(boot.started)}</span> <Status {...status(boot)} />
            <span class="note">{duration(between(boot.started, boot.updated))}</span>
            {boot.profile && <Said>{boot.profile}</Said>}
          </summary>
          {boot.cause && <p><Said>{boot.cause}</Said></p>}
          <Timeline boot={boot} />
        </details>
      ))}
    </Panel>
  );
}

function Script({ explained, error }: { explained: Explanation | null; error: string }) {
  if (error) return <Panel title="Its script"><Trouble>{error}</Trouble></Panel>;
  if (!explained) return null;
  return (
    <Panel title="Its script" note="as it would get it now">
      {explained.error && <Trouble><Said>{explained.error}</Said></Trouble>}
      {explained.script !== null && <pre class="script" tabIndex={0}>{explained.script}</pre>}
      {explained.script === null && !explained.error && <p class="note">It would get none.</p>}
      {explained.urls.length > 0 && (
        <>
          <h3>What it fetches</h3>
          <ul class="urls">
            {explained.urls.map(({ url, exists }) => (
              <li key={url}>
                <Status tone={exists === null ? "neutral" : exists ? "good" : "bad"}
                  word={exists === null ? "elsewhere" : exists ? "there" : "missing"} />
                <Said mono>{url}</Said>
              </li>
            ))}
          </ul>
        </>
      )}
    </Panel>
  );
}

function Why({ explained }: { explained: Explanation }) {
  return (
    <Panel title="Why" note={explained.decision.rule ? <>by rule <Said>{explained.decision.rule}</Said></> : reason(explained.decision.because)}>
      <ol class="why">
        {explained.steps.map((step, index) => (
          <li key={index} class={step.decided ? "decided" : ""}>
            <span class="mark" aria-label={step.decided ? "decided" : "passed"}>{step.decided ? "✓" : "·"}</span>
            <Said>{step.text}</Said>
          </li>
        ))}
      </ol>
      {explained.rom && <p class="note">ROM: <Said mono>{explained.rom}</Said></p>}
    </Panel>
  );
}

const sources: Record<string, string> = {
  claimed: "the machine says so",
  observed: "seen on the network",
  configured: "written by the owner",
};

function Facts({ machine }: { machine: MachineDetail }) {
  return (
    <Panel title="Facts">
      <table class="plain facts">
        <tbody>
          {machine.facts.map((fact) => (
            <tr key={fact.name}>
              <th scope="row">{fact.name}</th>
              <td><Said>{fact.value}</Said></td>
              <td><span class={`source ${fact.source}`} title={sources[fact.source]}>{fact.source}</span></td>
            </tr>
          ))}
        </tbody>
      </table>
      {machine.first_seen && <p class="note">First seen {moment(machine.first_seen)}</p>}
    </Panel>
  );
}
