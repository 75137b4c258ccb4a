// What a first visit shows before any machine came: the next step.
import { dnsmasqLines, exampleAddress, serverAddress } from "../dhcp";
import { Snippet } from "./parts";

export function Welcome() {
  const address = serverAddress(location.hostname);
  return (
    <div class="welcome">
      <h1>No machine has come yet</h1>
      <p class="lead">
        pixie is running. As soon as a machine boots from the network, it appears here by itself. Three things make
        that happen:
      </p>
      <ol>
        <li>
          <h2>Tell machines where pixie is</h2>
          <p>
            The simplest way: start pixie with <code>--dhcp proxy</code>. It works beside the DHCP server that the
            network has, and nothing else changes. Or add these lines to dnsmasq:
          </p>
          <Snippet text={dnsmasqLines(address)} label="Lines for dnsmasq" />
          {address === exampleAddress && (
            <p class="note"><code>{exampleAddress}</code> stands for the address by which machines reach this server.</p>
          )}
          <p class="note">
            For other servers, and for every architecture: <code>pixie dhcp-config isc</code>, <code>kea</code>,{" "}
            <code>mikrotik</code>, <code>opnsense</code>, <code>windows</code>.
          </p>
        </li>
        <li>
          <h2>Say what a machine boots</h2>
          <p>
            Put a script into the scripts folder, named after the machine's MAC address with hyphens, in lower case:{" "}
            <code>52-54-00-12-34-56.ipxe</code>. <code>default.ipxe</code> is for all others.
          </p>
          <Snippet label="A script" text={"#!ipxe\nkernel ${pixie}/extra/vmlinuz initrd=initrd.gz\ninitrd ${pixie}/extra/initrd.gz\nboot"} />
          <p class="note">For many machines: profiles and rules in <code>pixie.toml</code>, in the same folder.</p>
        </li>
        <li>
          <h2>Switch it on, and boot it from the network</h2>
          <p>
            Nothing comes? <code>sudo pixie doctor</code> watches the network and says why. The <a href="#/log">log</a>{" "}
            shows every request.
          </p>
        </li>
      </ol>
      <p class="note">
        The manual: <code>pixie --help</code>, <code>pixie man | man -l -</code>, and the folder <code>docs</code> of
        pixie's source.
      </p>
    </div>
  );
}
