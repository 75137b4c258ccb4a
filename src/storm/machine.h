// One machine of a storm: the whole way from its firmware's first packet to its last initrd, as a state machine. What it
// sends goes out by its Link; what comes back is told to it, as is the time.
//
//   dhcp → rom → ipxe-dhcp → script (→ script …) → files
//
// The steps with DHCP are left out where the plan names no DHCP server. Which of the offers, scripts and files it follows
// is what the doctor's probe follows (doctor/probe.h), but for one thing: of a script with several kernels a machine
// loads what stands before the first `boot`.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <set>
#include <string>

#include "doctor/script.h"
#include "storm/boot.h"
#include "storm/dhcp_exchange.h"
#include "storm/dice.h"
#include "storm/loading.h"
#include "storm/plan.h"
#include "wire/mac.h"

namespace pixie::storm {

class Machine {
 public:
  /// Plan and link must outlive it. The same seed gives the same chances.
  Machine(const Plan& plan, Link& link, const wire::Mac& mac, std::uint64_t seed);

  void start(TimePoint now);
  /// What the driver heard; see Loading. What nobody waits for is ignored.
  void on_dhcp(TimePoint now, doctor::Offer answer);
  void on_datagram(TimePoint now, wire::Bytes datagram, const wire::Endpoint& from);
  void on_port_error(TimePoint now, int error);
  void on_head(TimePoint now, const HttpHead& head);
  void on_body(TimePoint now, std::string_view bytes);
  void on_answer_end(TimePoint now);
  void on_connection_error(TimePoint now, doctor::Fetch::Outcome outcome, std::string detail);
  void on_deadline(TimePoint now);

  /// When on_deadline() is to be called.
  TimePoint deadline() const;
  bool is_over() const { return over_; }
  /// As far as it came.
  const Boot& boot() const { return boot_; }
  const wire::Mac& mac() const { return mac_; }

 private:
  void enter(TimePoint now, Step step);
  void begin(TimePoint now);
  void load(TimePoint now, std::string url, const Loading::Manner& manner);
  void go_on(TimePoint now);
  void end_dhcp(TimePoint now);
  void end_rom(TimePoint now);
  void end_script(TimePoint now);
  void end_file(TimePoint now);
  void follow(TimePoint now, const doctor::Fetch& script);
  void choose_files(TimePoint now, const std::vector<doctor::Link>& links);
  bool check(const doctor::Fetch& fetch, std::optional<doctor::Finding> fault);
  void fail(Failure failure);
  void finish(TimePoint now);

  const Plan& plan_;
  Link& link_;
  const wire::Mac mac_;
  Dice dice_;
  Boot boot_;
  TimePoint began_{};
  bool over_ = false;
  /// Until when the machine pauses before the step.
  TimePoint pause_ = TimePoint::max();

  std::optional<DhcpExchange> dhcp_;
  std::optional<Loading> loading_;
  /// What to load in the step.
  std::string url_;
  /// The ROM's beginning.
  std::string rom_;
  doctor::ScriptSettings settings_;
  std::set<std::string> scripts_;
  std::deque<std::string> files_;
};

}  // namespace pixie::storm
