// The images: what they are, what is wrong with them, and the way in for new ones.
import { useRef, useState } from "preact/hooks";
import type { Image, ImageList, PartialUpload } from "../api";
import { bytes, duration, share } from "../format";
import { useLoaded, useModel } from "../hooks";
import { encodePath, isImageName, secondsLeft, type Sending } from "../upload";
import { Panel, Said, Snippet, Status, Trouble } from "./parts";

const kinds: Record<string, string> = {
  iso: "ISO image", img: "disk image", efi: "EFI program", wim: "Windows image", folder: "unpacked",
};

export function ImagesView() {
  const model = useModel();
  const list = useLoaded((signal) => model.client.get<ImageList>("images", signal), `${model.imageNews} ${model.connection}`);
  const value = list.value;
  return (
    <>
      <h1 class="hidden">Images</h1>
      {list.error && <Trouble>{list.error}</Trouble>}
      {value && !value.folder && <NoFolder />}
      {value?.folder && <Images list={value} folder={value.folder} reload={list.reload} />}
    </>
  );
}

function NoFolder() {
  return (
    <div class="welcome">
      <h1>There is no images folder yet</h1>
      <p class="lead">
        Put ISO files into a folder, and machines can boot what is in them: nothing is unpacked or mounted. The folder is{" "}
        <code>images</code> in the scripts folder, or any other one that <code>--images</code> names:
      </p>
      <Snippet label="Commands" text={"mkdir /srv/images\npixie -d /srv/ipxe --images /srv/images"} />
    </div>
  );
}

function Images({ list, folder, reload }: { list: ImageList; folder: string; reload(): void }) {
  const pending = list.images.filter((image) => image.pending).length;
  const count = list.images.length;
  return (
    <Panel title="Images" note={pending > 0 ? <>{count - pending} of {count} are read</> : count}>
      {count === 0 ? <Empty folder={folder} /> : (
        <table class="plain images">
          <thead><tr><th>Name</th><th>What it is</th><th>Firmware</th><th class="right">Size</th><th>State</th><th /></tr></thead>
          <tbody>{list.images.map((image) => <Row key={image.file} image={image} writable={list.writable} reload={reload} />)}</tbody>
        </table>
      )}
      <Sendings uploads={list.uploads} />
      {list.writable ? <Drop list={list} /> : (
        <p class="drop">
          Images can't be sent from here: the user that pixie runs as may not write to <code>{folder}</code>.
        </p>
      )}
    </Panel>
  );
}

function Empty({ folder }: { folder: string }) {
  return (
    <p>
      There is none. Copy ISO files (or <code>.img</code>, <code>.efi</code>, <code>.wim</code>, or unpacked ones) into{" "}
      <code>{folder}</code>: they appear here by themselves. Folders in it become groups.
    </p>
  );
}

function Row({ image, writable, reload }: { image: Image; writable: boolean; reload(): void }) {
  const about = [image.title, image.volume_id, image.format ?? kinds[image.kind]].filter(Boolean);
  return (
    <tr>
      <td>
        <b>{image.fault || image.pending ? <Said>{image.name}</Said> : <a href={encodePath(image.path)}><Said>{image.name}</Said></a>}</b>
        {image.file !== image.name && <span class="second mono"><Said>{image.file}</Said></span>}
      </td>
      <td>
        {about.map((text, index) => <span key={index} class={index > 0 ? "second" : undefined}><Said>{text}</Said></span>)}
        {image.files !== null && <span class="second num">{image.files} files</span>}
      </td>
      <td data-label="firmware" class="keep">{image.firmware.map((one) => one.toUpperCase()).join(", ")}</td>
      <td class="num right">{image.kind !== "folder" && bytes(image.size)}</td>
      <td><State image={image} /></td>
      <td class="right">{writable && image.kind !== "folder" && <Remove file={image.file} reload={reload} />}</td>
    </tr>
  );
}

function State({ image }: { image: Image }) {
  if (image.pending) return <Status tone="going" word="being copied or read" />;
  if (!image.fault)
    return (
      <>
        <Status tone="good" word="ready" />
        {image.remark && <span class="second"><Said>{image.remark}</Said></span>}
      </>
    );
  return (
    <>
      <Status tone="bad" word="can't be used" />
      <span class="second fault"><Said>{image.fault}</Said></span>
    </>
  );
}

/** Asks once more before it does. */
function Remove({ file, reload }: { file: string; reload(): void }) {
  const model = useModel();
  const [asked, setAsked] = useState(false);
  const [error, setError] = useState("");
  const remove = () =>
    model.client.call(`images/${encodePath(file)}`, { method: "DELETE" }).then(reload, (failure) => setError(model.failed(failure)));
  if (error) return <span class="fault" role="alert">{error}</span>;
  if (!asked) return <button type="button" onClick={() => setAsked(true)} aria-label={`Remove ${file}`}>Remove…</button>;
  return (
    <span class="ask">
      <button type="button" class="danger" onClick={remove}>Remove the file</button>
      <button type="button" onClick={() => setAsked(false)}>Keep</button>
    </span>
  );
}

/** What is on its way, and what did not come whole. */
function Sendings({ uploads }: { uploads: PartialUpload[] }) {
  const { all } = useModel().uploads;
  const paths = new Set(all.map((sending) => sending.path));
  const others = uploads.filter((upload) => !paths.has(`images/${encodePath(upload.file)}`));
  if (all.length + others.length === 0) return null;
  return (
    <ul class="sendings">
      {all.map((sending) => <SendingRow key={sending.path} sending={sending} />)}
      {others.map((upload) => (
        <li key={upload.file}>
          <b><Said>{upload.file}</Said></b>
          <span class="note">
            {bytes(upload.received)} of {bytes(upload.size)} are here. Choose the file again within a day to send the rest.
          </span>
        </li>
      ))}
    </ul>
  );
}

function SendingRow({ sending }: { sending: Sending }) {
  const model = useModel();
  const { source, sent, state, reason } = sending;
  const active = state === "going" || state === "waiting";
  const left = secondsLeft(sending, Date.now());
  const text = `${bytes(sent)} of ${bytes(source.size)}`;
  return (
    <li>
      <b><Said>{source.name}</Said></b>
      {active && (
        <span class="progress">
          <progress max={1} value={share(sent, source.size) ?? 0} aria-label={`Sent: ${text}`} />
          <span class="num">{text}{left !== null && `, ${duration(left)} left`}</span>
        </span>
      )}
      {state === "waiting" && <span class="note">{reason} It goes on by itself.</span>}
      {state === "done" && <Status tone="good" word="sent" />}
      {state === "stopped" && <span class="note">stopped; choose the file again to send the rest</span>}
      {state === "failed" && <span class="fault" role="alert">{reason}</span>}
      {active
        ? <button type="button" onClick={() => model.uploads.stop(sending)}>Stop</button>
        : <button type="button" onClick={() => model.uploads.forget(sending)}>Clear</button>}
    </li>
  );
}

/** Files are chosen, or dropped here. */
function Drop({ list }: { list: ImageList }) {
  const model = useModel();
  const input = useRef<HTMLInputElement>(null);
  const [over, setOver] = useState(false);
  const [doubt, setDoubt] = useState<File[]>([]);
  const [error, setError] = useState("");
  const send = (file: File) => model.uploads.add(file, `images/${encodePath(file.name)}`);
  const take = (files: FileList | null) => {
    const chosen = [...(files ?? [])];
    const wrong = chosen.find((file) => !isImageName(file.name) || file.size === 0);
    setError(wrong ? `${wrong.name} is no image: it must end in .iso, .img, .efi or .wim, and not be empty.` : "");
    if (wrong) return;
    const isThere = (file: File) => list.images.some((image) => image.file === file.name);
    setDoubt(chosen.filter(isThere));
    for (const file of chosen) if (!isThere(file)) send(file);
  };
  const drag = (event: DragEvent) => {
    event.preventDefault();
    setOver(event.type === "dragover");
    if (event.type === "drop") take(event.dataTransfer?.files ?? null);
  };
  return (
    <div class={over ? "drop over" : "drop"} onDragOver={drag} onDragLeave={drag} onDrop={drag}>
      <input ref={input} type="file" multiple accept=".iso,.img,.efi,.wim" aria-label="Images to send"
        onChange={(event) => {
          take(event.currentTarget.files);
          event.currentTarget.value = "";
        }} />
      <button type="button" onClick={() => input.current?.click()}>Send images…</button>
      <span>or drop them here{list.free !== null && `; there is room for ${bytes(list.free)}`}</span>
      {doubt.map((file) => (
        <span key={file.name} class="ask">
          <Said>{file.name}</Said> is there already.
          <button type="button" class="danger" onClick={() => {
            send(file);
            setDoubt(doubt.filter((other) => other !== file));
          }}>Replace it</button>
          <button type="button" onClick={() => setDoubt(doubt.filter((other) => other !== file))}>Keep it</button>
        </span>
      ))}
      {error && <span class="fault" role="alert">{error}</span>}
    </div>
  );
}
