#include "storm/machine.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "doctor/image.h"

namespace pixie::storm {
namespace {

constexpr std::size_t kept_of_rom = 4096;
constexpr std::size_t kept_of_script = 64 * 1024;
constexpr std::size_t max_scripts = 8;
constexpr std::size_t max_files = 16;

/// EDK2 fills the interface's MTU and asks for four blocks at a time; ROMs for BIOS ask for one.
TftpHabit habit_of_firmware(const doctor::ClientKind& kind) {
  if (kind.architecture == 0) return {.blksize = 1456, .windowsize = 1, .probes_size = true};
  return {.blksize = 1468, .windowsize = 4, .probes_size = true};
}

constexpr TftpHabit habit_of_ipxe{.blksize = 1432, .windowsize = 1, .probes_size = false};

}  // namespace

Machine::Machine(const Plan& plan, Link& link, const wire::Mac& mac, std::uint64_t seed)
    : plan_(plan), link_(link), mac_(mac), dice_(seed) {}

void Machine::start(TimePoint now) {
  began_ = now;
  url_ = plan_.rom;
  boot_.step = plan_.dhcp_servers.empty() ? Step::rom : Step::dhcp;
  settings_ =
      doctor::settings_of(mac_, plan_.kind.architecture, plan_.own_address, plan_.own_address);
  begin(now);
}

void Machine::enter(TimePoint now, Step step) {
  boot_.step = step;
  dhcp_.reset();
  loading_.reset();
  if (plan_.think == Duration::zero()) return begin(now);
  pause_ = now + dice_.around(plan_.think);
}

void Machine::begin(TimePoint now) {
  switch (boot_.step) {
    case Step::dhcp:
      dhcp_.emplace(plan_, link_, dice_, boot_.traffic,
                    doctor::firmware_discover(plan_.kind, mac_, dice_.number()));
      return dhcp_->start(now);
    case Step::rom:
      return load(now, url_, {habit_of_firmware(plan_.kind), kept_of_rom});
    case Step::ipxe_dhcp:
      dhcp_.emplace(plan_, link_, dice_, boot_.traffic,
                    doctor::ipxe_discover(plan_.kind, mac_, dice_.number()));
      return dhcp_->start(now);
    case Step::script:
      return load(now, url_, {habit_of_ipxe, kept_of_script});
    case Step::files:
      return load(now, files_.front(), {habit_of_ipxe, 0});
  }
}

void Machine::load(TimePoint now, std::string url, const Loading::Manner& manner) {
  loading_.emplace(plan_, link_, dice_, boot_.traffic, std::move(url), manner);
  loading_->start(now);
  go_on(now);
}

void Machine::on_dhcp(TimePoint now, doctor::Offer answer) {
  if (over_ || !dhcp_) return;
  dhcp_->on_answer(now, std::move(answer));
  go_on(now);
}

void Machine::on_datagram(TimePoint now, wire::Bytes datagram, const wire::Endpoint& from) {
  if (over_ || !loading_) return;
  loading_->on_datagram(now, datagram, from);
  go_on(now);
}

void Machine::on_port_error(TimePoint now, int error) {
  if (over_ || !loading_) return;
  loading_->on_port_error(error);
  go_on(now);
}

void Machine::on_head(TimePoint now, const HttpHead& head) {
  if (!over_ && loading_) loading_->on_head(now, head);
}

void Machine::on_body(TimePoint now, std::string_view bytes) {
  if (!over_ && loading_) loading_->on_body(now, bytes);
}

void Machine::on_answer_end(TimePoint now) {
  if (over_ || !loading_) return;
  loading_->on_answer_end(now);
  go_on(now);
}

void Machine::on_connection_error(TimePoint now, doctor::Fetch::Outcome outcome,
                                  std::string detail) {
  if (over_ || !loading_) return;
  loading_->on_connection_error(outcome, std::move(detail));
  go_on(now);
}

void Machine::on_deadline(TimePoint now) {
  if (over_) return;
  if (now >= std::exchange(pause_, TimePoint::max())) return begin(now);
  if (dhcp_) dhcp_->on_deadline(now);
  if (loading_) loading_->on_deadline(now);
  go_on(now);
}

TimePoint Machine::deadline() const {
  if (over_) return TimePoint::max();
  if (dhcp_) return std::min(pause_, dhcp_->deadline());
  if (loading_) return std::min(pause_, loading_->deadline());
  return pause_;
}

/// To the next step, if this one is over.
void Machine::go_on(TimePoint now) {
  if (dhcp_ && dhcp_->is_over()) return end_dhcp(now);
  if (!loading_ || !loading_->is_over()) return;
  if (boot_.step == Step::rom) return end_rom(now);
  if (boot_.step == Step::script) return end_script(now);
  end_file(now);
}

void Machine::end_dhcp(TimePoint now) {
  if (dhcp_->failure()) return fail(*dhcp_->failure());
  const auto& choice = dhcp_->choice();
  url_ = doctor::boot_url(choice);
  settings_ = doctor::settings_of(mac_, plan_.kind.architecture, choice.address->packet.yiaddr,
                                  choice.server);
  enter(now, boot_.step == Step::dhcp ? Step::rom : Step::script);
}

void Machine::end_rom(TimePoint now) {
  const auto rom = loading_->result();
  if (!check(rom, rom.outcome == doctor::Fetch::Outcome::done
                      ? std::nullopt
                      : std::optional(doctor::finding_of(doctor::fault_of(rom), rom)))) {
    return;
  }
  const auto client = dhcp::describe(doctor::firmware_discover(plan_.kind, mac_, 0));
  if (const auto unfit = doctor::misfit(wire::as_bytes(rom.content), client))
    return fail(Failure::of(doctor::finding_of(doctor::Fault::rom_wrong, rom, *unfit)));
  // The firmware's connection ends with it.
  link_.close();
  rom_ = rom.content;
  url_ = plan_.script;
  enter(now, plan_.dhcp_servers.empty() ? Step::script : Step::ipxe_dhcp);
}

void Machine::end_script(TimePoint now) {
  const auto script = loading_->result();
  const bool first = scripts_.empty();
  scripts_.insert(script.url);
  if (!check(script,
             first && script.outcome != doctor::Fetch::Outcome::done
                 ? std::optional(doctor::finding_of(doctor::fault_of(script), script))
             : first ? doctor::fault_of_first_script(script, rom_)
                     : doctor::fault_of_script(script, doctor::names_machine(script.url, mac_)))) {
    return;
  }
  // What isn't one is a program, which the machine boots.
  if (!doctor::is_script(wire::as_bytes(script.content))) return finish(now);
  follow(now, script);
}

/// A script that is the machine's own comes before all others, and what is booted before what is chained.
void Machine::follow(TimePoint now, const doctor::Fetch& script) {
  const auto links = doctor::read_script(script.content, script.url, settings_);
  const auto* next = doctor::next_script(links, mac_);
  const bool leads_on = next && scripts_.size() < max_scripts && !scripts_.contains(next->url);
  const bool boots_first = std::ranges::any_of(
      links, [](const auto& link) { return !link.is_chain && link.boots_before == 0; });
  if (leads_on && (!boots_first || doctor::names_machine(next->url, mac_))) {
    url_ = next->url;
    return enter(now, Step::script);
  }
  choose_files(now, links);
}

void Machine::choose_files(TimePoint now, const std::vector<doctor::Link>& links) {
  for (const auto& link : links) {
    if (link.is_chain || link.boots_before > 0 || files_.size() >= max_files) continue;
    if (link.is_vague)
      return fail(Failure::not_tried(link.url, "the script uses a setting that isn't known"));
    if (std::ranges::find(files_, link.url) == files_.end()) files_.push_back(link.url);
  }
  if (files_.empty()) return finish(now);
  enter(now, Step::files);
}

void Machine::end_file(TimePoint now) {
  const auto file = loading_->result();
  if (!check(file, doctor::fault_of_file(file))) return;
  files_.pop_front();
  if (files_.empty()) return finish(now);
  load(now, files_.front(), {habit_of_ipxe, 0});
}

/// Whether the machine may go on.
bool Machine::check(const doctor::Fetch& fetch, std::optional<doctor::Finding> fault) {
  if (fetch.outcome == doctor::Fetch::Outcome::unchecked) {
    fail(Failure::not_tried(fetch.url, fetch.detail));
  } else if (fault) {
    fail(Failure::of(*fault));
  } else {
    return true;
  }
  return false;
}

void Machine::fail(Failure failure) {
  boot_.failure = std::move(failure);
  over_ = true;
  link_.close();
}

void Machine::finish(TimePoint now) {
  boot_.took = now - began_;
  over_ = true;
  link_.close();
}

}  // namespace pixie::storm
