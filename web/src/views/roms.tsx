// The ROMs that machines can get here.
import type { Rom, RomList } from "../api";
import { bytes } from "../format";
import { useLoaded, useModel } from "../hooks";
import { Panel, Said, Trouble } from "./parts";

export function RomsView() {
  const model = useModel();
  const roms = useLoaded((signal) => model.client.get<RomList>("roms", signal), model.connection);
  return (
    <>
      <h1 class="hidden">ROMs</h1>
      {roms.error && <Trouble>{roms.error}</Trouble>}
      {roms.value && (
        <Panel title="ROMs" note="the same over TFTP and HTTP">
          <table class="plain roms">
            <thead><tr><th>Name</th><th>Arch</th><th class="right">Size</th><th>Version</th><th>From</th><th>SHA-256</th></tr></thead>
            <tbody>{roms.value.roms.map((rom) => <RomRow key={rom.name} rom={rom} />)}</tbody>
          </table>
        </Panel>
      )}
    </>
  );
}

function RomRow({ rom }: { rom: Rom }) {
  return (
    <tr>
      <td>
        <b class="mono"><Said>{rom.name}</Said></b>
        {rom.aliases.length > 0 && <span class="second mono"><Said>{rom.aliases.join(", ")}</Said></span>}
      </td>
      <td class="keep"><Said>{rom.arch}</Said></td>
      <td class="num right">{rom.size !== null && bytes(rom.size)}</td>
      <td class="keep"><Said>{rom.version ?? ""}</Said></td>
      <td><Said>{rom.origin}</Said>{rom.licence && <span class="second"><Said>{rom.licence}</Said></span>}</td>
      <td class="mono sum keep" title={rom.sha256 ?? undefined}>{rom.sha256?.slice(0, 16)}</td>
    </tr>
  );
}
