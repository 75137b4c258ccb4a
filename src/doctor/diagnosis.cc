#include "doctor/diagnosis.h"

#include <algorithm>
#include <optional>

#include <fmt/format.h>

namespace pixie::doctor {
namespace {

using Result = std::optional<Finding>;

/// Requests that are repeated so often are not heard.
constexpr std::size_t many = 3;

/// What the rules ask about one machine.
struct Case {
  const Machine& machine;
  const Timeline& network;
  Choice choice;

  bool has(Step step) const { return machine.last(step) != nullptr; }
  /// Whether `later` happened after the last `earlier`; false without `earlier`.
  bool followed(Step earlier, Step later) const {
    const auto* before = machine.last(earlier);
    const auto* after = machine.last(later);
    return before && after && after->number > before->number;
  }
  std::size_t count_since_discover(Step step) const {
    std::size_t count = 0;
    for (auto event = machine.events.rbegin(); event != machine.events.rend(); ++event) {
      if (event->step == Step::discover) break;
      if (event->step == step) ++count;
    }
    return count;
  }
};

Result of(Fault fault, const Event& event, const std::string& detail = {}) {
  return make_finding(fault,
                      {event.server.text(), event.file, detail.empty() ? event.detail : detail});
}

/// The script by its name within the scripts folder.
Result no_script(const Event& event, std::string detail) {
  auto name = event.file.substr(0, event.file.find('?'));
  name.erase(0, name.rfind('/') + 1);
  return make_finding(Fault::script_missing,
                      {event.server.text(), std::move(name), std::move(detail)});
}

Result address_taken(const Case& seen) {
  const auto* event = seen.machine.last(Step::decline);
  const auto* server = seen.machine.last(Step::ack);
  if (!event) event = seen.machine.last(Step::arp_conflict);
  if (!event) return std::nullopt;
  return make_finding(Fault::address_in_use,
                      {(server ? server : event)->server.text(), {}, event->detail});
}

Result address_refused(const Case& seen) {
  const auto* nak = seen.machine.last(Step::nak);
  return nak && !seen.followed(Step::nak, Step::ack) ? of(Fault::address_refused, *nak)
                                                     : std::nullopt;
}

Result no_offer(const Case& seen) {
  if (!seen.machine.offers.empty() || !seen.has(Step::discover)) return std::nullopt;
  const auto& servers = seen.network.dhcp_servers();
  const auto& relay = seen.machine.client.relay.giaddr;
  if (!servers.empty()) {
    return make_finding(Fault::pool_empty, {servers.begin()->text(), {}, {}});
  }
  return make_finding(Fault::no_dhcp_server, {{}, {}, relay.text()});
}

/// Answers go to the relay agent: it isn't found, or the machine never takes one up.
Result relay_deaf(const Case& seen) {
  const auto& relay = seen.machine.client.relay.giaddr;
  if (relay.is_unspecified() || seen.followed(Step::discover, Step::request)) return std::nullopt;
  const auto* search = seen.network.search_for(relay);
  if (search && search->count > 1) {
    return make_finding(Fault::relay_unreachable, {search->asker.text(), {}, relay.text()});
  }
  if (seen.machine.offers.empty()) return std::nullopt;
  return make_finding(Fault::relay_unreachable,
                      {seen.machine.offers.front().server().text(), {}, relay.text()});
}

Result bad_offers(const Case& seen) {
  const auto& findings = seen.choice.findings;
  const auto found = std::ranges::find(findings, true, &Finding::stops_boot);
  if (found == findings.end()) return std::nullopt;
  // What was loaded in spite of it came by a way that was not seen.
  const bool loaded = seen.followed(Step::discover, Step::tftp_done) ||
                      seen.followed(Step::discover, Step::http_answer);
  return loaded ? std::nullopt : Result(*found);
}

Result boot_server(const Case& seen) {
  const auto* asked = seen.machine.last(Step::boot_server_request);
  if (!asked || seen.followed(Step::boot_server_request, Step::boot_server_answer) ||
      seen.followed(Step::boot_server_request, Step::tftp_request)) {
    return std::nullopt;
  }
  if (seen.choice.boot) {
    auto choice = seen.choice;
    choice.server = asked->server;
    return silent_boot_server(choice);
  }
  return of(Fault::boot_server_silent, *asked);
}

Result loops(const Case& seen) {
  std::size_t rounds = 0;
  std::size_t starts = 0;
  const Event* rom = nullptr;
  const Event* again = nullptr;
  for (const auto& event : seen.machine.events) {
    if (event.step == Step::discover && event.in_ipxe) ++starts;
    if (event.step != Step::tftp_done) continue;
    if (!event.in_ipxe) {
      rom = &event;
      ++rounds;
    } else if (rom && event.file == rom->file) {
      again = &event;
      ++rounds;
    }
  }
  if (again) return of(Fault::rom_loop, *again);
  if (rom && rounds >= many && starts == 0) {
    return of(Fault::rom_not_started, *rom, fmt::format("{} times", rounds));
  }
  if (rom && rounds >= many && starts >= many && !seen.machine.got_script) {
    return of(Fault::rom_loop, *rom);
  }
  return std::nullopt;
}

Result wrong_rom(const Case& seen) {
  const auto* rom = seen.machine.last(Step::tftp_done);
  if (!rom) rom = seen.machine.last(Step::tftp_request);
  if (seen.machine.misfit.empty() || !rom || rom->in_ipxe) return std::nullopt;
  return of(Fault::rom_wrong, *rom, seen.machine.misfit);
}

Result no_neighbour(const Case& seen) {
  if (seen.count_since_discover(Step::arp_request) < many ||
      seen.followed(Step::discover, Step::tftp_request) ||
      seen.followed(Step::discover, Step::http_connect)) {
    return std::nullopt;
  }
  return make_finding(Fault::server_unreachable,
                      {seen.machine.last(Step::arp_request)->server.text(), seen.choice.file,
                       "nobody answers when it looks for that address (ARP)"});
}

Result transfer(const Case& seen) {
  const auto* request = seen.machine.last(Step::tftp_request);
  if (!request || seen.followed(Step::tftp_request, Step::tftp_done)) return std::nullopt;
  const auto* error = seen.machine.last(Step::tftp_error);
  if (error && error->number > request->number) {
    return of(Fault::tftp_file_missing, *error,
              fmt::format("error {}, {}", error->status, error->detail));
  }
  // What comes later shows that the machine went on without the file.
  if (seen.followed(Step::tftp_request, Step::discover) && request->in_ipxe) return std::nullopt;
  if (seen.machine.transfer_began) return of(Fault::tftp_stalled, *request, "it began, no more");
  return of(Fault::tftp_silent, *request);
}

Result connection(const Case& seen) {
  const auto* closed = seen.machine.last(Step::http_closed);
  if (closed && !seen.followed(Step::http_closed, Step::http_answer)) {
    return of(Fault::http_closed, *closed);
  }
  // With a script it has other business, too: disks over the network, web sites.
  if (seen.machine.got_script) return std::nullopt;
  const auto* connect = seen.machine.last(Step::http_connect);
  if (connect && !seen.followed(Step::http_connect, Step::http_request)) {
    return of(Fault::http_silent, *connect);
  }
  const auto* request = seen.machine.last(Step::http_request);
  if (request && !seen.followed(Step::http_request, Step::http_answer)) {
    return of(Fault::http_silent, *request);
  }
  return std::nullopt;
}

bool names_machine(const Event& event, const Machine& machine) {
  return event.file.contains(machine.mac.hyphens()) || event.file.contains(machine.mac.colons());
}

Result refused_file(const Case& seen) {
  constexpr std::uint16_t first_error = 400;
  for (auto event = seen.machine.events.rbegin(); event != seen.machine.events.rend(); ++event) {
    if (event->no_script) return no_script(*event, "pixie says so itself");
    if (event->step != Step::http_answer) continue;
    if (event->status < first_error) return std::nullopt;
    const auto detail = fmt::format("HTTP status {}", event->status);
    if (names_machine(*event, seen.machine) && event->file.contains(".ipxe")) {
      return no_script(*event, detail);
    }
    return of(seen.machine.got_script ? Fault::file_missing : Fault::http_error, *event, detail);
  }
  return std::nullopt;
}

Result went_silent(const Case& seen) {
  if (seen.machine.got_script || seen.machine.events.empty()) return std::nullopt;
  const auto& last = seen.machine.events.back();
  return of(Fault::stopped, last, describe(last));
}

using Rule = Result (*)(const Case&);
/// In the order of a boot, but for what explains the steps after it.
constexpr Rule rules[] = {address_taken, address_refused, wrong_rom,   loops,        relay_deaf,
                          no_offer,      bad_offers,      boot_server, no_neighbour, transfer,
                          connection,    refused_file,    went_silent};

}  // namespace

std::vector<Finding> diagnose(const Machine& machine, const Timeline& network) {
  const Case seen{machine, network, choose(machine.offers, machine.client)};
  std::vector<Finding> findings;
  for (const auto& finding : seen.choice.findings) {
    if (!finding.stops_boot) findings.push_back(finding);
  }
  for (const auto rule : rules) {
    if (auto finding = rule(seen)) {
      findings.push_back(std::move(*finding));
      break;
    }
  }
  return findings;
}

}  // namespace pixie::doctor
