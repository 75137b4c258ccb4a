// The frame of the page: navigation, state of the connection, mistakes, the view, keyboard and help.
import { useEffect, useRef, useState } from "preact/hooks";
import icon from "../../icon.svg";
import { useModel, useRoute } from "../hooks";
import { Keys, type Command } from "../keys";
import { formatRoute, type Route } from "../route";
import type { Connection } from "../stream";
import { applyTheme, nextTheme, readTheme, type Theme } from "../theme";
import { Help } from "./help";
import { ImagesView } from "./images";
import { LogView } from "./log";
import { MachineView } from "./machine";
import { MachinesView } from "./machines";
import { MirrorView } from "./mirror";
import { Mistakes, Trouble } from "./parts";
import { ProfilesView } from "./profiles";
import { RomsView } from "./roms";
import { TokenBox } from "./token";

const tabs: [Route["view"], string][] = [
  ["machines", "Machines"],
  ["profiles", "Profiles"],
  ["images", "Images"],
  ["roms", "ROMs"],
  ["mirror", "Mirror"],
  ["log", "Log"],
];

export function App() {
  const model = useModel();
  const route = useRoute();
  const [help, setHelp] = useState(false);
  useKeyboard(setHelp);
  useEffect(() => {
    const name = route.view === "machine" ? route.mac : (tabs.find(([view]) => view === route.view)?.[1] ?? "");
    document.title = `${name} - pixie`;
    scrollTo(0, 0);
  }, [formatRoute(route)]);
  return (
    <>
      <a class="skip" href="#main" onClick={skipToMain}>To the content</a>
      <Header route={route} onHelp={() => setHelp(true)} />
      <main id="main" tabIndex={-1}>
        {model.tokenWanted && <TokenBox />}
        {model.trouble && !model.tokenWanted && <Trouble>{model.trouble}</Trouble>}
        <Mistakes mistakes={model.mistakes} />
        <View route={route} />
      </main>
      <footer>
        pixie {model.version} <span class="note">· <kbd>?</kbd> shows the keys</span>
      </footer>
      <p class="hidden" role="status" aria-live="polite">{model.said}</p>
      {help && <Help onClose={() => setHelp(false)} />}
    </>
  );
}

function View({ route }: { route: Route }) {
  switch (route.view) {
    case "machine":
      return <MachineView mac={route.mac} key={route.mac} />;
    case "profiles":
      return <ProfilesView />;
    case "images":
      return <ImagesView />;
    case "roms":
      return <RomsView />;
    case "mirror":
      return <MirrorView />;
    case "log":
      return <LogView mac={route.mac} key={route.mac} />;
    case "machines":
      return <MachinesView />;
  }
}

function Header({ route, onHelp }: { route: Route; onHelp(): void }) {
  const model = useModel();
  const current = route.view === "machine" ? "machines" : route.view;
  return (
    <header>
      <a class="brand" href="#/"><img src={icon} alt="" width={22} height={22} />pixie</a>
      <nav aria-label="Views">
        {tabs.map(([view, label]) => (
          <a
            key={view}
            href={formatRoute({ view, mac: "" } as Route)}
            aria-current={current === view ? "page" : undefined}
          >
            {label}
          </a>
        ))}
      </nav>
      <Live connection={model.connection} />
      <ThemeSwitch />
      <button type="button" class="plain" onClick={onHelp} aria-label="Help and keys" title="Help and keys (?)">?</button>
    </header>
  );
}

const connections: Record<Connection, [string, string]> = {
  connecting: ["connecting", "○"],
  live: ["live", "●"],
  waiting: ["no connection, trying again", "✕"],
  token: ["needs a token", "✕"],
};

function Live({ connection }: { connection: Connection }) {
  const [word, mark] = connections[connection];
  return (
    <span class={`connection ${connection}`} role="status" title={`Connection: ${word}`}>
      <span class="mark" aria-hidden="true">{mark}</span>
      <span class="word">{word}</span>
    </span>
  );
}

const themeMarks: Record<Theme, string> = { auto: "◐", light: "☀", dark: "☾" };

function ThemeSwitch() {
  const [theme, setTheme] = useState(readTheme);
  const change = () => {
    const next = nextTheme(theme);
    applyTheme(next);
    setTheme(next);
  };
  const label = `Colours: ${theme === "auto" ? "as the system" : theme}`;
  return (
    <button type="button" class="plain" onClick={change} aria-label={label} title={label}>{themeMarks[theme]}</button>
  );
}

function skipToMain(event: MouseEvent) {
  event.preventDefault();
  document.getElementById("main")?.focus();
}

/** Keys are commands wherever nothing is typed into. */
function useKeyboard(setHelp: (open: boolean) => void) {
  const keys = useRef(new Keys());
  useEffect(() => {
    const press = (event: KeyboardEvent) => {
      if (event.ctrlKey || event.metaKey || event.altKey) return;
      const target = event.target as HTMLElement;
      if (target.matches("input, select, textarea")) {
        if (event.key === "Escape") target.blur();
        return;
      }
      const command = keys.current.press(event.key, event.timeStamp);
      if (command && run(command, setHelp)) event.preventDefault();
    };
    addEventListener("keydown", press);
    return () => removeEventListener("keydown", press);
  }, []);
}

/** Whether it did something. */
function run(command: Command, setHelp: (open: boolean) => void): boolean {
  switch (command) {
    case "filter": {
      const field = document.querySelector<HTMLInputElement>("input[type=search]");
      field?.focus();
      field?.select();
      return field !== null;
    }
    case "down":
      return moveRow(1);
    case "up":
      return moveRow(-1);
    case "help":
      setHelp(true);
      return true;
    case "open": // links open by themselves
    case "leave":
      return false;
    default:
      location.hash = formatRoute({ view: command, mac: "" } as Route);
      return true;
  }
}

/** Moves the focus to the next row that can be opened. */
function moveRow(step: number): boolean {
  const rows = [...document.querySelectorAll<HTMLElement>("[data-row]")];
  const at = rows.indexOf(document.activeElement as HTMLElement);
  const next = rows[at < 0 ? (step > 0 ? 0 : rows.length - 1) : at + step];
  next?.focus();
  next?.scrollIntoView({ block: "nearest" });
  return next !== undefined;
}
