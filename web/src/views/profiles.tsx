// Profiles and rules, as they are in force.
import type { Condition, ProfileList, Rule, RuleList } from "../api";
import { useLoaded, useModel } from "../hooks";
import { Panel, Said, Trouble } from "./parts";

/** Of each kind what it does, in words. */
const kinds: Record<string, string> = {
  kernel: "kernel and initrd",
  script: "script",
  sanboot: "disk over the network",
  chain: "another server's script",
  local: "local disk",
};

export function ProfilesView() {
  const model = useModel();
  // A fleet that came into force, or did not, is told by its mistakes; the rest is read when the view is opened.
  const key = JSON.stringify(model.mistakes) + model.connection;
  const profiles = useLoaded((signal) => model.client.get<ProfileList>("profiles", signal), key);
  const rules = useLoaded((signal) => model.client.get<RuleList>("rules", signal), key);
  const error = profiles.error || rules.error;
  return (
    <>
      <h1 class="hidden">Profiles and rules</h1>
      {error && <Trouble>{error}</Trouble>}
      {profiles.value && <Profiles {...profiles.value} />}
      {rules.value && <Rules {...rules.value} />}
    </>
  );
}

function Profiles({ profiles }: ProfileList) {
  if (profiles.length === 0) {
    return (
      <Panel title="Profiles">
        <p>
          There is none. A profile says what to boot, and rules say which machines do; both stand in{" "}
          <code>pixie.toml</code> in the scripts folder, or in <code>pixie.d/*.toml</code>.
        </p>
        <pre>{example}</pre>
      </Panel>
    );
  }
  return (
    <Panel title="Profiles" note={profiles.length}>
      <table class="plain">
        <thead><tr><th>Name</th><th>Boots</th><th>Menu</th><th>Variables</th><th>Place</th></tr></thead>
        <tbody>
          {profiles.map((profile) => (
            <tr key={profile.name}>
              <td>
                <b><Said>{profile.name}</Said></b>
                {profile.title && profile.title !== profile.name && <span class="second"><Said>{profile.title}</Said></span>}
              </td>
              <td>{kinds[profile.kind] ?? profile.kind}</td>
              <td data-label="menu">{profile.menu ? <Said>{profile.menu_group || "yes"}</Said> : <span class="note">no</span>}</td>
              <td data-label="variables"><Vars vars={profile.vars} /></td>
              <td class="mono keep"><Said>{profile.file}:{profile.line}</Said></td>
            </tr>
          ))}
        </tbody>
      </table>
    </Panel>
  );
}

const example = `[profiles.debian12]
kernel = "/extra/debian/linux"
initrd = "/extra/debian/initrd.gz"

[[rules]]
name = "rack 1"
mac = "52:54:00:*"
profile = "debian12"`;

export function Vars({ vars }: { vars: Record<string, unknown> }) {
  const entries = Object.entries(vars);
  if (entries.length === 0) return <span class="note">none</span>;
  return (
    <span class="vars">
      {entries.map(([name, value]) => (
        <code key={name}>{name}={typeof value === "string" ? value : JSON.stringify(value)}</code>
      ))}
    </span>
  );
}

function Rules({ rules }: RuleList) {
  if (rules.length === 0) {
    return (
      <Panel title="Rules">
        <p>There is none: a machine boots its own script, what is assigned to it, or <code>default.ipxe</code>.</p>
      </Panel>
    );
  }
  return (
    <Panel title="Rules" note="the first that matches wins">
      <table class="plain rules">
        <thead><tr><th>#</th><th>Name</th><th>Machines</th><th>Profile</th><th>Place</th></tr></thead>
        <tbody>{rules.map((rule, index) => <RuleRow key={index} rule={rule} number={index + 1} />)}</tbody>
      </table>
    </Panel>
  );
}

function RuleRow({ rule, number }: { rule: Rule; number: number }) {
  return (
    <tr>
      <td class="num note">{number}</td>
      <td><b><Said>{rule.name}</Said></b></td>
      <td>
        {rule.conditions.length === 0 ? "every machine" : rule.conditions.map((condition, index) => (
          <ConditionText key={index} {...condition} />
        ))}
      </td>
      <td data-label="profile">{rule.profile ? <Said>{rule.profile}</Said> : <span class="note">none</span>}</td>
      <td class="mono keep"><Said>{rule.file}:{rule.line}</Said></td>
    </tr>
  );
}

function ConditionText({ fact, patterns }: Condition) {
  return (
    <span class="condition">
      <span class="note">{fact}</span>{" "}
      {patterns.map((pattern, index) => [index > 0 && <span class="note"> or </span>, <code key={pattern}>{pattern}</code>])}
    </span>
  );
}
