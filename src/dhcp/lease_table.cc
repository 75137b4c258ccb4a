// The bookkeeping of Leases: who is found by what, the wheel of deadlines, journal and snapshot.
#include <algorithm>
#include <tuple>
#include <utility>

#include "dhcp/ipv4.h"
#include "dhcp/leases.h"

namespace pixie::dhcp {
namespace {

/// Fewer lines than this are never worth a snapshot.
constexpr std::size_t min_compaction = 1000;

}  // namespace

std::string Leases::key_of(const wire::Mac& mac, std::string_view client) {
  std::string key(mac.octets.begin(), mac.octets.end());
  return key.append(client);
}

std::string Leases::client_of(const std::string& key) {
  return key.substr(wire::Mac{}.octets.size());
}

Leases::Position Leases::find_or_add(const wire::IpAddress& address, std::size_t network) {
  if (const auto found = find(address)) return *found;
  auto& list = networks_[network].idle;
  const auto added = list.emplace(list.end());
  added->address = address;
  added->network = network;
  added->list = &list;
  by_address_.emplace(ipv4_number(address), added);
  return added;
}

/// Makes the record's client the holder, of this address alone.
void Leases::assign(Position binding, const LeaseRecord& record) {
  auto& network = networks_[binding->network];
  auto key = key_of(record.mac, record.client);
  if (binding->key != key) {
    forget_holder(binding);
    if (const auto found = network.by_key.find(key); found != network.by_key.end()) {
      const auto before = found->second;
      forget_holder(before);
      place(before);
    }
  }
  network.by_key.insert_or_assign(key, binding);
  if (record.mac != wire::Mac{}) network.by_mac.insert_or_assign(record.mac, binding);
  binding->key = std::move(key);
  binding->mac = record.mac;
  binding->host_name = record.host_name;
  binding->until = record.time;
  binding->set_aside = false;
}

void Leases::forget_holder(Position binding) {
  auto& network = networks_[binding->network];
  network.by_key.erase(binding->key);
  if (const auto last = network.by_mac.find(binding->mac);
      last != network.by_mac.end() && last->second == binding) {
    network.by_mac.erase(last);
  }
  binding->key.clear();
  binding->mac = {};
  binding->host_name.clear();
  binding->until = {};
}

void Leases::forget_offer(Position binding) {
  networks_[binding->network].offers.erase(binding->offer_key);
  binding->offer_key.clear();
  binding->offer_mac = {};
  binding->offer_until = {};
}

/// A client has one offer in a network.
void Leases::withdraw_other_offer(const Asker& asker, Position kept) {
  const auto& offers = networks_[asker.network].offers;
  const auto found = offers.find(asker.key);
  if (found == offers.end() || found->second == kept) return;
  const auto other = found->second;
  forget_offer(other);
  place(other);
}

void Leases::end_lease(Position binding) {
  LeaseRecord record;
  record.kind = LeaseRecord::Kind::release;
  record.address = binding->address;
  record.time = time_;
  write(record);
  binding->until = time_;
  place(binding);
}

void Leases::put_aside(Position binding) {
  LeaseRecord record;
  record.kind = LeaseRecord::Kind::decline;
  record.address = binding->address;
  record.time = time_ + plan_.settings().decline_time;
  write(record);
  apply(record);
}

Leases::List& Leases::slot(Time due) {
  return wheel_[static_cast<std::uint64_t>(due.time_since_epoch().count()) % wheel_size];
}

/// Puts the binding where due() says.
void Leases::place(Position binding) {
  if (binding->due() <= time_) return retire(binding);
  auto& to = slot(binding->due());
  to.splice(to.end(), *binding->list, binding);
  binding->list = &to;
}

/// Nobody holds it any more.
void Leases::retire(Position binding) {
  forget_offer(binding);
  binding->set_aside = false;
  auto& network = networks_[binding->network];
  const bool for_all = plan_.dynamic(binding->network, binding->address);
  auto& to = for_all ? network.idle : network.kept;
  to.splice(to.end(), *binding->list, binding);
  binding->list = &to;
}

/// Moves the table's time to `now` and retires what ended until then, in the order of its ends. Returns the table's
/// time.
Leases::Time Leases::advance(Time now) {
  if (now + std::chrono::minutes(1) < time_) step_back(now);
  if (now <= time_) return time_;
  const auto slots =
      std::min<std::int64_t>((now - time_).count(), static_cast<std::int64_t>(wheel_size));
  std::vector<Position> ended;
  for (std::int64_t i = 0; i < slots; ++i) {
    auto& list = slot(now - std::chrono::seconds(i));
    for (auto binding = list.begin(); binding != list.end(); ++binding) {
      ++steps_;
      if (binding->due() <= now) ended.push_back(binding);
    }
  }
  std::ranges::sort(ended, {}, [](Position p) { return std::tuple(p->due(), p->address); });
  time_ = now;
  for (const auto binding : ended) retire(binding);
  return time_;
}

/// The clock was ahead: nothing may last longer than if it began now.
void Leases::step_back(Time now) {
  time_ = now;
  for (const auto& [number, binding] : by_address_) {
    const auto& network = networks_[binding->network];
    const bool idle = binding->list == &network.idle || binding->list == &network.kept;
    binding->until = std::min(binding->until, idle ? now : latest_end());
    if (idle) continue;
    binding->offer_until = std::min(binding->offer_until, now + plan_.settings().offer_time);
    place(binding);
  }
}

Leases::Time Leases::latest_end() const {
  const auto& settings = plan_.settings();
  return time_ + std::max(settings.max_time, settings.decline_time);
}

void Leases::write(const LeaseRecord& record) {
  append_line(journal_, record);
  ++lines_;
}

std::string Leases::take_journal() { return std::exchange(journal_, {}); }

Expected<std::size_t> Leases::replay(std::string_view text, Time now) {
  const auto journal = parse_lease_journal(text);
  if (!journal) return std::unexpected(journal.error());
  advance(now);
  for (const auto& record : journal->records) apply(record);
  for (auto& network : networks_) {
    network.idle.sort([](const Binding& a, const Binding& b) { return a.until < b.until; });
  }
  lines_ = journal->records.size();
  return journal->complete;
}

void Leases::apply(const LeaseRecord& record) {
  using Kind = LeaseRecord::Kind;
  const auto network = plan_.network_of(record.address);
  if (!network) {
    if (record.kind == Kind::release) strangers_.erase(ipv4_number(record.address));
    if (record.kind != Kind::release) strangers_[ipv4_number(record.address)] = record;
    return;
  }
  const auto binding = find_or_add(record.address, *network);
  switch (record.kind) {
    case Kind::lease: {
      assign(binding, record);
      binding->until = std::min(record.time, latest_end());
      break;
    }
    case Kind::release:
      binding->until = std::min(record.time, time_);
      break;
    case Kind::decline:
      forget_offer(binding);
      forget_holder(binding);
      binding->set_aside = true;
      binding->until = std::min(record.time, latest_end());
      break;
  }
  place(binding);
}

std::string Leases::snapshot(Time now) {
  advance(now);
  std::vector<LeaseRecord> records;
  for (const auto& [number, binding] : by_address_) {
    if (binding->key.empty() && !binding->set_aside) continue;
    LeaseRecord record{.kind = LeaseRecord::Kind::decline,
                       .address = binding->address,
                       .mac = {},
                       .client = {},
                       .time = binding->until,
                       .host_name = {}};
    if (!binding->set_aside) {
      record.kind = LeaseRecord::Kind::lease;
      record.mac = binding->mac;
      record.client = client_of(binding->key);
      record.host_name = binding->host_name;
    }
    records.push_back(std::move(record));
  }
  for (const auto& [number, record] : strangers_) {
    if (record.time > time_) records.push_back(record);
  }
  // In the order of their ends, so that replaying it finds what was idle longest, and what a MAC had last.
  std::ranges::sort(records, {},
                    [](const LeaseRecord& r) { return std::tuple(r.time, r.address); });
  std::string text(lease_journal_header());
  for (const auto& record : records) append_line(text, record);
  journal_.clear();
  lines_ = records.size();
  return text;
}

bool Leases::compaction_pays() const { return lines_ > min_compaction + 2 * by_address_.size(); }

Leases::Counts Leases::counts(Time now) {
  advance(now);
  Counts counts{.declines = declines_, .conflicts = conflicts_, .steps = steps_};
  for (const auto& [number, binding] : by_address_) {
    counts.leased += leased(*binding);
    counts.offered += offered(*binding);
    counts.set_aside += binding->set_aside;
  }
  return counts;
}

}  // namespace pixie::dhcp
