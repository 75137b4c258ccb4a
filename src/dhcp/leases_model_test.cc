// Random operations of a few machines on a small pool, against a model that only keeps in mind who was told what: an
// address is never two clients' at once, reservations hold, and the journal tells the same as the table.
#include <algorithm>
#include <map>
#include <optional>
#include <ostream>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "dhcp/leases.h"
#include "dhcp/leases_testing.h"

namespace pixie::dhcp {
namespace {

using namespace std::chrono_literals;

constexpr unsigned machines = 8;
constexpr unsigned reserved_inside = 1;
constexpr unsigned reserved_outside = 2;

LeaseSettings settings() {
  LeaseSettings settings;
  settings.ranges = {range("10.0.0.10", "10.0.0.12", "10.0.0.0/24"),
                     range("10.0.0.20", "10.0.0.22", "10.0.0.0/24")};
  settings.reservations = {
      {.mac = mac(reserved_inside), .address = ip("10.0.0.11"), .host_name = ""},
      {.mac = mac(reserved_outside), .address = ip("10.0.0.5"), .host_name = "two"}};
  settings.excluded = {ip("10.0.0.21")};
  settings.min_time = 60s;
  settings.default_time = 300s;
  settings.max_time = 6000s;
  return settings;
}

const std::vector<std::string> addresses = {"10.0.0.5",  "10.0.0.10", "10.0.0.11", "10.0.0.12",
                                            "10.0.0.20", "10.0.0.21", "10.0.0.22", "10.0.0.30"};

struct Step {
  enum Kind : std::uint8_t {
    discover,
    select,
    reboot,
    renew,
    release,
    decline,
    conflict,
    wait,
    kinds
  };
  Kind kind = discover;
  unsigned machine = 0;
  unsigned identifier = 0;
  unsigned address = 0;
  unsigned seconds = 0;
};

/// How a failure shows a step.
void showValue(const Step& step, std::ostream& out) {
  constexpr const char* names[] = {"discover", "select",  "reboot",   "renew",
                                   "release",  "decline", "conflict", "wait"};
  out << names[step.kind] << " machine " << step.machine << '/' << step.identifier << ' '
      << addresses[step.address] << ' ' << step.seconds << " s";
}

rc::Gen<std::vector<Step>> steps() {
  const auto below = [](unsigned bound) { return rc::gen::inRange(0U, bound); };
  const auto step = rc::gen::build<Step>(
      rc::gen::set(&Step::kind, rc::gen::map(below(2 * Step::kinds),
                                             [](unsigned n) {
                                               // Half of them begin a boot, or go on with it.
                                               if (n >= Step::kinds) n %= 3;
                                               return static_cast<Step::Kind>(n);
                                             })),
      rc::gen::set(&Step::machine, below(machines)), rc::gen::set(&Step::identifier, below(3)),
      rc::gen::set(&Step::address, below(static_cast<unsigned>(addresses.size()))),
      rc::gen::set(&Step::seconds, rc::gen::element(0U, 1U, 29U, 31U, 300U, 5000U, 20'000U)));
  return rc::gen::scale(4.0, rc::gen::container<std::vector<Step>>(step));
}

/// The table beside what its clients believe.
class World {
 public:
  void run(const Step& step) {
    auto client =
        machine(step.machine, step.identifier == 0 ? "" : std::to_string(step.identifier));
    client.wanted_time = std::chrono::seconds(step.seconds);
    const auto address = ip(addresses[step.address]);
    switch (step.kind) {
      case Step::discover:
        discover(client, address);
        break;
      case Step::select:
        if (const auto made = offers_.find(client.mac); made != offers_.end()) {
          request(client, made->second.address, RequestState::selecting);
        }
        break;
      case Step::reboot:
        request(client, address, RequestState::init_reboot);
        break;
      case Step::renew:
        request(client, address, RequestState::renewing);
        break;
      case Step::release:
        if (table.release(client, address, now)) {
          RC_ASSERT(holder(address) == client.mac);
          leases_.erase(address);
        }
        break;
      case Step::decline:
        decline(client, address);
        break;
      case Step::conflict:
        if (table.conflict(address, now)) {
          RC_ASSERT(!holder(address));
          aside_[address] = now + settings().decline_time;
        }
        break;
      default:
        now += std::chrono::seconds(step.seconds);
    }
    journal += table.take_journal();
  }

  std::size_t live_leases() const {
    return static_cast<std::size_t>(std::ranges::count_if(
        leases_, [&](const auto& lease) { return lease.second.until > now; }));
  }

  /// Offers don't outlive a restart, but clients may still choose them.
  void forget_offers() {
    for (auto& [mac, offer] : offers_) offer.until = now;
  }

  Leases table = Leases::make(settings()).value();
  std::string journal{lease_journal_header()};
  Leases::Time now = at(0s);

 private:
  using Key = std::pair<wire::Mac, std::string>;
  struct Lease {
    Key key;
    Leases::Time until;
  };
  struct Offer {
    wire::IpAddress address;
    Leases::Time until;
  };

  static Key key(const LeaseClient& client) { return {client.mac, client.identifier}; }

  std::optional<wire::Mac> holder(const wire::IpAddress& address) const {
    const auto found = leases_.find(address);
    if (found == leases_.end() || found->second.until <= now) return std::nullopt;
    return found->second.key.first;
  }

  /// Whether the machine may be told that the address is, or could be, its own.
  void check(const wire::Mac& who, const wire::IpAddress& address) const {
    RC_ASSERT(address != ip("10.0.0.21") && address != ip("10.0.0.30"));
    if (address == ip("10.0.0.11")) RC_ASSERT(who == mac(reserved_inside));
    if (address == ip("10.0.0.5")) RC_ASSERT(who == mac(reserved_outside));
    RC_ASSERT(holder(address).value_or(who) == who);
    const auto aside = aside_.find(address);
    RC_ASSERT(aside == aside_.end() || aside->second <= now);
  }

  void discover(const LeaseClient& client, const wire::IpAddress& wanted) {
    const auto offer = table.offer(client, wanted, now);
    if (!offer) {
      RC_ASSERT(offer.error() == Refusal::pool_empty);
      return;
    }
    check(client.mac, offer->address);
    for (const auto& [other, made] : offers_) {
      if (made.address == offer->address && other != client.mac) RC_ASSERT(made.until <= now);
    }
    offers_[client.mac] = {.address = offer->address, .until = now + settings().offer_time};
  }

  void request(const LeaseClient& client, const wire::IpAddress& address, RequestState state) {
    const auto grant = table.request(client, address, state, now);
    if (!grant) return;
    check(client.mac, address);
    RC_ASSERT(grant->time >= settings().min_time && grant->time <= settings().max_time);
    // Of its client it is the only one from now on.
    std::erase_if(leases_, [&](const auto& lease) { return lease.second.key == key(client); });
    leases_[address] = {.key = key(client), .until = now + grant->time};
    offers_.erase(client.mac);
  }

  void decline(const LeaseClient& client, const wire::IpAddress& address) {
    if (!table.decline(client, address, now)) return;
    RC_ASSERT(holder(address).value_or(client.mac) == client.mac);
    leases_.erase(address);
    aside_[address] = now + settings().decline_time;
  }

  std::map<wire::IpAddress, Lease> leases_;
  std::map<wire::IpAddress, Leases::Time> aside_;
  /// The last one of each machine.
  std::map<wire::Mac, Offer> offers_;
};

std::string replayed(std::string_view journal, Leases::Time now) {
  auto table = Leases::make(settings()).value();
  const auto complete = table.replay(journal, now);
  RC_ASSERT(complete.has_value());
  return table.snapshot(now);
}

RC_GTEST_PROP(LeasesModel, NeverGivesOneAddressToTwoAndJournalsAll, ()) {
  World world;
  for (const auto& step : *steps()) {
    world.run(step);
    RC_ASSERT(world.table.counts(world.now).leased == world.live_leases());
  }
  const auto snapshot = world.table.snapshot(world.now);
  RC_ASSERT(replayed(world.journal, world.now) == snapshot);
  RC_ASSERT(replayed(snapshot, world.now) == snapshot);
}

RC_GTEST_PROP(LeasesModel, ACutJournalIsTheTableAfterItsLastCompleteLine, ()) {
  World world;
  // The table after each line that was written.
  std::map<std::size_t, std::string> after = {
      {0, std::string(lease_journal_header())},
      {world.journal.size(), world.table.snapshot(world.now)}};
  for (const auto& step : *steps()) {
    if (step.kind == Step::wait) continue;
    world.run(step);
    after[world.journal.size()] = world.table.snapshot(world.now);
  }
  for (int time = 0; time < 20; ++time) {
    const auto cut = *rc::gen::inRange<std::size_t>(0, world.journal.size() + 1);
    const auto complete = world.journal.substr(0, cut).rfind('\n') + 1;
    auto table = Leases::make(settings()).value();
    RC_ASSERT(table.replay(world.journal.substr(0, cut), world.now).value() == complete);
    if (after.contains(complete)) RC_ASSERT(table.snapshot(world.now) == after[complete]);
  }
}

RC_GTEST_PROP(LeasesModel, GoesOnAfterARestart, ()) {
  World world;
  for (const auto& step : *steps()) {
    world.run(step);
    if (step.seconds != 29) continue;
    world.table = Leases::make(settings()).value();
    const auto complete = world.table.replay(world.journal + "lease 10.0", world.now);
    RC_ASSERT(complete.value() == world.journal.size());
    world.forget_offers();
  }
}

}  // namespace
}  // namespace pixie::dhcp
