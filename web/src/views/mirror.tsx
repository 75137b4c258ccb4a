// What the mirror keeps of upstream files, and how often that served.
import type { Mirror, MirrorEntry } from "../api";
import { ago, bytes, moment } from "../format";
import { useLoaded, useModel } from "../hooks";
import { Panel, Said, Status, Trouble } from "./parts";

export function MirrorView() {
  const model = useModel();
  const mirror = useLoaded((signal) => model.client.get<Mirror>("mirror", signal), model.connection);
  return (
    <>
      <h1 class="hidden">Mirror</h1>
      {mirror.error && <Trouble>{mirror.error}</Trouble>}
      {mirror.value && (mirror.value.on ? <Kept mirror={mirror.value} /> : <Off />)}
    </>
  );
}

function Off() {
  return (
    <Panel title="Mirror">
      <p class="note">
        There is none. <code>--mirror HOST</code> lets machines fetch files of that host by way of pixie, which keeps
        them: <code>/mirror/https/HOST/PATH</code>.
      </p>
    </Panel>
  );
}

/** Counts since pixie's start, in words. */
export function summary(mirror: Mirror): string {
  const rate = mirror.hit_rate === null ? "" : `, ${Math.floor(mirror.hit_rate * 100)} % of ${mirror.hits + mirror.misses} from here`;
  const stale = mirror.stale > 0 ? `, ${mirror.stale} maybe outdated` : "";
  const fetching = mirror.fetching > 0 ? `, ${mirror.fetching} being fetched` : "";
  return `${mirror.files} files, ${bytes(mirror.bytes)} of ${bytes(mirror.limit_bytes)}${rate}${stale}${fetching}`;
}

function Kept({ mirror }: { mirror: Mirror }) {
  const now = Date.now();
  return (
    <Panel title="Mirror" note={summary(mirror)}>
      <table class="plain">
        <thead><tr><th>File</th><th class="right">Size</th><th>State</th><th>Used</th><th>SHA-256</th></tr></thead>
        <tbody>{mirror.entries.map((entry) => <Row key={`${entry.url} ${entry.whole}`} entry={entry} now={now} />)}</tbody>
      </table>
    </Panel>
  );
}

function Row({ entry, now }: { entry: MirrorEntry; now: number }) {
  const fresh = Date.parse(entry.fresh_until) > now;
  return (
    <tr>
      <td class="mono">{entry.path ? <a href={entry.path}><Said>{entry.url}</Said></a> : <Said>{entry.url}</Said>}</td>
      <td class="num right">{bytes(entry.size)}</td>
      <td class="keep" title={`Fetched ${moment(entry.fetched)}, validated ${moment(entry.validated)}`}>
        {entry.whole
          ? <Status tone={fresh ? "good" : "neutral"} word={fresh ? "fresh" : "to be validated"} />
          : <Status tone="going" word={`${bytes(entry.have)} so far`} />}
      </td>
      <td class="keep">{ago(Date.parse(entry.used), now)}</td>
      <td class="mono sum keep" title={entry.sha256 ?? undefined}>{entry.sha256?.slice(0, 16)}</td>
    </tr>
  );
}
