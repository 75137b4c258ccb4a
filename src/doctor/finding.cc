#include "doctor/finding.h"

#include <algorithm>
#include <iterator>

#include <fmt/format.h>

namespace pixie::doctor {
namespace {

struct Row {
  Fault fault;
  std::string_view id;
  bool stops_boot;
  /// With {server}, {file} and {detail}.
  std::string_view cause;
  std::string_view remedy;
};

constexpr Row catalogue[] = {
    {Fault::no_dhcp_server, "no-dhcp-server", true,
     "No DHCP server answers on this network, so the machine gets no address.",
     "Start a DHCP server on this network, or a relay agent that leads to one; if there is one, "
     "check that the machine's switch port and VLAN are its own."},
    {Fault::pool_empty, "pool-empty", true,
     "The DHCP server {server} works but offers this machine no address: its range is probably "
     "used up, or it does not serve unknown machines.",
     "Look at the leases of {server}: enlarge its range, shorten the lease time, or add a "
     "reservation for this machine."},
    {Fault::address_refused, "address-refused", true,
     "The DHCP server {server} refuses the address that the machine asks for (NAK): {detail}.",
     "Look for a second DHCP server with another range, and at the leases of {server}: the "
     "address belongs to another machine or to another network."},
    {Fault::no_address, "no-address", true,
     "{server} tells what to boot, but no DHCP server offers an address.",
     "Start the network's DHCP server, or enlarge its range: a proxy alone gives no addresses."},
    {Fault::address_in_use, "address-in-use", true,
     "The address {detail} that {server} gives out is in use already.",
     "Find who has that address (a fixed address within the range, or a second DHCP server) and "
     "take it out of the range of {server}."},
    {Fault::relay_unreachable, "relay-unreachable", true,
     "The relay agent {detail} asks on the machine's behalf, but the answers of {server} do not "
     "reach it.",
     "Give {server} a route to {detail}, and let UDP port 67 pass to it in every firewall on the "
     "way."},
    {Fault::no_boot_information, "no-boot-information", true,
     "{server} gives the machine an address, but nobody tells it what to boot.",
     "Give {server} the rules that pixie dhcp-config prints, or run pixie beside it with --dhcp "
     "proxy."},
    {Fault::offer_ignored, "offer-ignored", true,
     "The firmware ignores the boot file that {server} offers: {detail}.",
     "Correct the answer of {server}."},
    {Fault::next_server_missing, "next-server-missing", true,
     "{server} names the boot file {file}, but no server to load it from (siaddr is 0.0.0.0).",
     "Set next-server (siaddr) on {server} to the address of the TFTP server."},
    {Fault::two_proxies, "two-proxies", false,
     "Several servers tell the machine what to boot ({detail}): which one it follows depends on "
     "its firmware, or is chance.",
     "Let one of them tell it: stop a proxy, or remove the boot file from the DHCP server."},
    {Fault::two_dhcp_servers, "two-dhcp-servers", false,
     "Several DHCP servers offer addresses ({detail}): which one the machine follows is chance.",
     "Stop all of them but one, unless they are meant to share the network."},
    {Fault::boot_server_silent, "boot-server-silent", true,
     "The firmware must ask {server} for its boot file on port 4011, and nobody answers there.",
     "Start the boot service on {server} (dnsmasq: a pxe-service line) and let UDP port 4011 "
     "pass."},
    {Fault::option_60_alone, "option-60-alone", true,
     "The DHCP server {server} sends option 60 \"PXEClient\" without option 43, so the firmware "
     "asks it for the boot file on port 4011, and nobody answers there.",
     "Remove option 60 from {server}: only a boot server on the same machine needs it."},
    {Fault::server_unreachable, "server-unreachable", true,
     "The machine can't reach {server}, which is to give it {file}: {detail}.",
     "Check that {server} is the right address, that it runs, and that the machine's network has "
     "a way to it."},
    {Fault::tftp_silent, "tftp-silent", true,
     "{server} does not answer TFTP requests for {file}: UDP port 69 is blocked, or no TFTP "
     "server runs there.",
     "Start pixie on {server}, or correct next-server; let UDP port 69 pass in every firewall."},
    {Fault::tftp_closed, "tftp-closed", true,
     "No TFTP server runs on {server}: UDP port 69 is closed (asked for {file}).",
     "Start pixie on {server}, or correct next-server (siaddr) in the DHCP server."},
    {Fault::tftp_stalled, "tftp-stalled", true,
     "The TFTP transfer of {file} from {server} stopped: {detail}.",
     "Let UDP pass between the machine and every port of {server} (TFTP answers from another port "
     "than 69), and check the MTU on the way."},
    {Fault::tftp_file_missing, "tftp-file-missing", true,
     "{server} does not give out {file} over TFTP: {detail}.",
     "Correct the boot file's name in the DHCP server (pixie roms lists those that pixie has), or "
     "put the file there."},
    {Fault::rom_wrong, "rom-wrong", true,
     "{file} from {server} is the wrong program for this machine: {detail}.",
     "Choose the boot file by the client's architecture (DHCP option 93): undionly.kpxe for BIOS, "
     "snponly.efi for x64 UEFI, snponly32.efi and snponly-arm64.efi for the others."},
    {Fault::rom_not_started, "rom-not-started", true,
     "The firmware loaded {file} from {server} {detail}, but the program never asked for "
     "anything.",
     "Switch Secure Boot off or use a signed ROM; check that the ROM fits the machine's "
     "architecture; try ipxe.efi instead of snponly.efi."},
    {Fault::rom_loop, "rom-loop", true,
     "iPXE is told to load {file} again instead of a script: the machine goes round in a loop.",
     "Give clients with user class \"iPXE\" (or option 175) the boot file chain.ipxe on {server}."},
    {Fault::http_closed, "http-closed", true,
     "No web server runs on {server}: the port is closed (asked for {file}).",
     "Start pixie on {server}, or correct the URL or pixie's --http port."},
    {Fault::http_silent, "http-silent", true,
     "{server} does not answer HTTP connections for {file}: a firewall drops them, or the address "
     "is wrong.",
     "Let the TCP port pass in every firewall, and check the address."},
    {Fault::http_stalled, "http-stalled", true,
     "{server} does not finish its answer to the HTTP request for {file}: {detail}.",
     "Look at the log of {server} for this request; check the MTU on the way, and what else may "
     "cut connections."},
    {Fault::http_error, "http-error", true, "{server} does not give out {file}: {detail}.",
     "Correct the URL, or put the file there."},
    {Fault::not_a_script, "not-a-script", true, "{file} from {server} is no iPXE script: {detail}.",
     "A script's first line is #!ipxe. Give iPXE the boot file chain.ipxe."},
    {Fault::script_missing, "script-missing", true,
     "There is no script for this machine ({file} on {server}), and no default.ipxe: {detail}.",
     "Write {file} or default.ipxe into pixie's scripts folder (--scripts)."},
    {Fault::file_missing, "file-missing", true,
     "The script names {file}, which {server} does not give out: {detail}.",
     "Correct the name in the script, or put the file there."},
    {Fault::stopped, "stopped", true, "The machine stopped after: {detail}.",
     "Look at its screen; if it shows nothing, run pixie doctor probe for its architecture."},
};

}  // namespace

Finding make_finding(Fault fault, const Particulars& particulars) {
  const auto& row = *std::ranges::find(catalogue, fault, &Row::fault);
  const auto filled = [&particulars](std::string_view text) {
    return fmt::format(fmt::runtime(text), fmt::arg("server", particulars.server),
                       fmt::arg("file", particulars.file), fmt::arg("detail", particulars.detail));
  };
  return {row.fault, row.id, row.stops_boot, filled(row.cause), filled(row.remedy)};
}

bool any_stops_boot(std::span<const Finding> findings) {
  return std::ranges::any_of(findings, &Finding::stops_boot);
}

}  // namespace pixie::doctor
