// The log, live: what came since the page was opened.
import { useEffect, useRef, useState } from "preact/hooks";
import { clock, moment } from "../format";
import { useModel } from "../hooks";
import { fieldText, levels, type Level, type LogLine } from "../log";
import { canonicalMac, formatRoute } from "../route";
import { Said } from "./parts";

const linesShown = 500;

export function LogView({ mac }: { mac: string }) {
  const model = useModel();
  const [level, setLevel] = useState<Level>("info");
  const [text, setText] = useState("");
  const [machine, setMachine] = useState(mac);
  const [pausedAt, setPausedAt] = useState<number | null>(null);
  const filter = { level, text, mac: canonicalMac(machine) ?? machine.trim() };
  const lines = model.log.select(filter, linesShown, pausedAt ?? Infinity);
  useEffect(() => model.setLogLevel(level), [level]);
  return (
    <>
      <h1 class="hidden">Log</h1>
      <div class="toolbar" role="search">
        <input type="search" placeholder="Filter the log" aria-label="Filter the log" value={text}
          onInput={(event) => setText(event.currentTarget.value)} />
        <input type="text" class="mac" placeholder="MAC address" aria-label="Only this machine" value={machine}
          spellcheck={false} onInput={(event) => setMachine(event.currentTarget.value)} />
        <label class="select">Level{" "}
          <select value={level} onChange={(event) => setLevel(event.currentTarget.value as Level)}>
            {levels.map((name) => <option key={name}>{name}</option>)}
          </select>
        </label>
        <button type="button" aria-pressed={pausedAt !== null}
          onClick={() => setPausedAt(pausedAt === null ? model.log.newest : null)}>
          {pausedAt === null ? "Pause" : `Go on (${model.log.newest - pausedAt} new)`}
        </button>
        <button type="button" onClick={() => (model.log.clear(), setPausedAt(null), model.changed())}>Clear</button>
      </div>
      <Lines lines={lines} following={pausedAt === null} />
      <p class="note">
        Since {moment(model.since)}, when this page was opened{model.log.dropped > 0 && `; the oldest ${model.log.dropped} lines are gone`}.
      </p>
    </>
  );
}

/** Keeps to the end as long as the reader is there. */
function Lines({ lines, following }: { lines: LogLine[]; following: boolean }) {
  const box = useRef<HTMLDivElement>(null);
  const atEnd = useRef(true);
  useEffect(() => {
    if (following && atEnd.current && box.current) box.current.scrollTop = box.current.scrollHeight;
  });
  const scrolled = () => {
    const { scrollTop, scrollHeight, clientHeight } = box.current!;
    atEnd.current = scrollHeight - scrollTop - clientHeight < 30;
  };
  return (
    <div class="log" ref={box} onScroll={scrolled} role="log" aria-live="off" aria-label="Log" tabIndex={0}>
      {lines.length === 0 && <p class="blank">Nothing yet.</p>}
      {lines.map((line) => <Line key={line.id} line={line} />)}
    </div>
  );
}

function Line({ line: { entry } }: { line: LogLine }) {
  return (
    <div class={`entry ${entry.level}`}>
      <time dateTime={entry.time} title={moment(entry.time)}>{clock(entry.time, true)}</time>
      <span class="level">{entry.level}</span>
      <span class="event" title={entry.sentence}>{entry.event}</span>
      <span class="fields">
        {Object.entries(entry.fields).map(([name, value]) => (
          <span class="field" key={name}>
            <span class="note">{name}=</span>
            {name === "mac" && canonicalMac(String(value))
              ? <a href={formatRoute({ view: "machine", mac: canonicalMac(String(value))! })}>{value}</a>
              : <Said>{fieldText(value)}</Said>}
          </span>
        ))}
      </span>
      {(entry.level === "error" || entry.level === "warning") && <span class="said">{entry.sentence}</span>}
    </div>
  );
}
