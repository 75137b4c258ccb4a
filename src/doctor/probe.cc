#include "doctor/probe.h"

#include <algorithm>
#include <set>

#include <fmt/format.h>

#include "dhcp/option.h"
#include "doctor/image.h"
#include "doctor/script.h"

namespace pixie::doctor {
namespace {

constexpr std::size_t max_scripts = 8;
constexpr std::size_t max_files = 16;

class Probe {
 public:
  Probe(Wire& wire, const ClientKind& kind, const wire::Mac& mac, std::uint32_t xid)
      : wire_(wire), kind_(kind), mac_(mac), xid_(xid) {}

  Report run() {
    run_firmware() && run_ipxe();
    return std::move(report_);
  }

 private:
  void add(Finding finding) { report_.findings.push_back(std::move(finding)); }

  bool run_firmware() {
    auto& stage = report_.firmware;
    if (!negotiate(stage, firmware_discover(kind_, mac_, xid_++))) return false;
    check_address(stage);
    if (!load(stage)) return false;
    const auto unfit = misfit(wire::as_bytes(stage.loaded->content), stage.client);
    if (unfit) add(finding_of(Fault::rom_wrong, *stage.loaded, *unfit));
    return !unfit;
  }

  bool run_ipxe() {
    auto& stage = report_.ipxe.emplace();
    if (!negotiate(stage, ipxe_discover(kind_, mac_, xid_++)) || !load(stage)) return false;
    if (auto fault = fault_of_first_script(*stage.loaded, report_.firmware.loaded->content)) {
      add(std::move(*fault));
      return false;
    }
    return read_scripts(*stage.loaded);
  }

  /// From the DISCOVER to the choice of a boot file.
  bool negotiate(Stage& stage, const dhcp::Packet& discover) {
    stage.client = dhcp::describe(discover);
    stage.offers = wire_.broadcast(discover);
    stage.choice = choose(stage.offers, stage.client);
    if (!stage.choice.address && !stage.offers.empty()) name_full_pool();
    if (stage.offers.empty()) {
      if (!name_full_pool()) add(make_finding(Fault::no_dhcp_server, {}));
      return false;
    }
    if (stage.choice.way == Way::boot_server) ask_boot_server(stage, discover);
    for (const auto& finding : stage.choice.findings) add_once(finding);
    return report_.boots();
  }

  void ask_boot_server(Stage& stage, const dhcp::Packet& discover) {
    auto answer = wire_.ask_boot_server(stage.choice.server,
                                        boot_server_request(discover, wire_.own_address()));
    if (answer) {
      stage.boot_answers.push_back(std::move(*answer));
      stage.choice = follow(stage.choice, stage.boot_answers.front());
    } else {
      stage.choice.findings.push_back(silent_boot_server(stage.choice));
    }
  }

  /// Both stages meet the same servers.
  void add_once(const Finding& finding) {
    if (std::ranges::find(report_.findings, finding.cause, &Finding::cause) ==
        report_.findings.end()) {
      add(finding);
    }
  }

  /// A server without a free address is silent, but tells other things to those who have one.
  bool name_full_pool() {
    for (const auto& answer : wire_.broadcast(inform(mac_, wire_.own_address(), xid_++))) {
      if (answer.packet.message_type() != dhcp::MessageType::ack) continue;
      // A proxy's answer has it.
      if (answer.packet.options.contains(dhcp::option::vendor_class)) continue;
      add_once(make_finding(Fault::pool_empty, {answer.server().text(), {}, {}}));
      return true;
    }
    return false;
  }

  void check_address(const Stage& stage) {
    const auto& address = stage.choice.address->packet.yiaddr;
    const auto owner = wire_.owner(address);
    if (!owner || *owner == mac_) return;
    add(make_finding(Fault::address_in_use,
                     {stage.choice.address->server().text(),
                      {},
                      fmt::format("{} (by {})", address.text(), owner->colons())}));
  }

  bool load(Stage& stage) {
    stage.loaded = wire_.fetch(boot_url(stage.choice), true);
    if (stage.loaded->outcome == Fetch::Outcome::done) return true;
    if (stage.loaded->outcome == Fetch::Outcome::unchecked) return false;
    add(finding_of(fault_of(*stage.loaded), *stage.loaded));
    return false;
  }

  bool read_scripts(const Fetch& first) {
    const auto& choice = report_.ipxe->choice;
    settings_ = settings_of(mac_, kind_.architecture, choice.address->packet.yiaddr, choice.server);
    auto script = first;
    for (std::size_t count = 0; count < max_scripts; ++count) {
      const auto links = read_script(script.content, script.url, settings_);
      check_files(links);
      const auto* next = next_script(links, mac_);
      if (!next || !seen_.insert(next->url).second) return report_.boots();
      script = wire_.fetch(next->url, true);
      report_.files.push_back(script);
      if (!check_script(script)) return false;
    }
    return report_.boots();
  }

  bool check_script(const Fetch& script) {
    if (auto fault = fault_of_script(script, names_machine(script.url, mac_))) {
      add(std::move(*fault));
      return false;
    }
    return script.outcome == Fetch::Outcome::done && is_script(wire::as_bytes(script.content));
  }

  void check_files(const std::vector<Link>& links) {
    for (const auto& link : links) {
      if (link.is_chain || link.is_vague || report_.files.size() >= max_files) continue;
      if (!seen_.insert(link.url).second) continue;
      auto file = wire_.fetch(link.url, false);
      if (auto fault = fault_of_file(file)) add(std::move(*fault));
      report_.files.push_back(std::move(file));
    }
  }

  Wire& wire_;
  const ClientKind& kind_;
  const wire::Mac& mac_;
  std::uint32_t xid_;
  Report report_;
  ScriptSettings settings_;
  std::set<std::string> seen_;
};

}  // namespace

bool Report::complete() const {
  const auto tried = [](const Fetch& fetch) { return fetch.outcome != Fetch::Outcome::unchecked; };
  const auto loaded = [&](const Stage& stage) { return !stage.loaded || tried(*stage.loaded); };
  return loaded(firmware) && (!ipxe || loaded(*ipxe)) && std::ranges::all_of(files, tried);
}

Report probe(Wire& wire, const ClientKind& kind, const wire::Mac& mac, std::uint32_t xid) {
  return Probe(wire, kind, mac, xid).run();
}

}  // namespace pixie::doctor
