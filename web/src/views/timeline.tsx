// A boot's steps in time: when each came, what it was, how many bytes and how long, and a bar to see it by.
import type { Boot, BootStep } from "../api";
import { between, bytes, clock, duration } from "../format";
import { Said } from "./parts";

/** Where a step's bar stands within the boot, from 0 to 100: a step is told of when it ends. */
export function bar(boot: Boot, step: BootStep): { start: number; width: number } {
  const whole = Math.max(between(boot.started, boot.updated), 0.001);
  const end = Math.min(1, between(boot.started, step.at) / whole);
  const start = Math.max(0, end - step.seconds / whole);
  return { start: start * 100, width: (end - start) * 100 };
}

export function Timeline({ boot }: { boot: Boot }) {
  if (boot.steps.length === 0) return <p class="note">No step was kept.</p>;
  return (
    <table class="timeline">
      <thead class="hidden"><tr><th>After</th><th>Step</th><th>Bytes</th><th>Took</th></tr></thead>
      <tbody>
        {boot.steps.map((step, index) => (
          <tr key={index}>
            <td class="num" title={clock(step.at, true)}>+{duration(between(boot.started, step.at))}</td>
            <td class="step">
              <Said>{step.text || step.event}</Said>
              <span class="second mono">{step.event}</span>
            </td>
            <td class="num right">{step.bytes > 0 && bytes(step.bytes)}</td>
            <td class="num right">{step.seconds > 0 && duration(step.seconds)}</td>
            <td class="bar"><Bar {...bar(boot, step)} /></td>
          </tr>
        ))}
      </tbody>
      {boot.steps_left_out > 0 && (
        <tfoot><tr><td colSpan={5} class="note">{boot.steps_left_out} further steps were not kept.</td></tr></tfoot>
      )}
    </table>
  );
}

function Bar({ start, width }: { start: number; width: number }) {
  const shown = Math.max(width, 1.5);
  return (
    <svg viewBox="0 0 100 8" preserveAspectRatio="none" aria-hidden="true">
      <rect x={Math.min(start, 100 - shown)} y={1} width={shown} height={6} rx={0.5} />
    </svg>
  );
}
