// The keys, in a dialog.
import { useEffect, useRef } from "preact/hooks";

const keys: [string[], string][] = [
  [["/"], "to the filter"],
  [["j"], "next row"],
  [["k"], "row before"],
  [["Enter"], "open the row"],
  [["g", "m"], "machines"],
  [["g", "p"], "profiles and rules"],
  [["g", "i"], "images"],
  [["g", "r"], "ROMs"],
  [["g", "o"], "mirror"],
  [["g", "l"], "log"],
  [["Esc"], "out of a field, close this"],
  [["?"], "this help"],
];

export function Help({ onClose }: { onClose(): void }) {
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => dialog.current?.showModal(), []);
  return (
    <dialog ref={dialog} onClose={onClose} aria-label="Keys">
      <h2>Keys</h2>
      <dl class="keys">
        {keys.map(([names, text]) => (
          <div key={text}>
            <dt>{names.map((name) => <kbd key={name}>{name}</kbd>)}</dt>
            <dd>{text}</dd>
          </div>
        ))}
      </dl>
      <form method="dialog"><button>Close</button></form>
    </dialog>
  );
}
