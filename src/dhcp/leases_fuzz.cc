// Any file as a journal: replaying it, and that what the table then writes is read as the same table.
#include <cstdint>
#include <cstdlib>
#include <span>

#include "dhcp/leases.h"
#include "dhcp/leases_testing.h"
#include "wire/cursor.h"

namespace {

using namespace pixie;

void check(bool holds) {
  if (!holds) std::abort();
}

dhcp::Leases table() {
  dhcp::LeaseSettings settings;
  settings.ranges = {dhcp::range("10.0.0.4", "10.0.0.7", "10.0.0.0/24")};
  settings.reservations = {{.mac = dhcp::mac(1), .address = dhcp::ip("10.0.0.9"), .host_name = ""}};
  return dhcp::Leases::make(settings).value();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto now = dhcp::at(std::chrono::seconds(0));
  auto leases = table();
  const auto complete = leases.replay(wire::as_text(std::as_bytes(std::span(data, size))), now);
  if (!complete) return 0;
  check(*complete <= size);
  const auto snapshot = leases.snapshot(now);
  auto again = table();
  check(again.replay(snapshot, now) == snapshot.size() && again.snapshot(now) == snapshot);

  const auto counts = leases.counts(now);
  for (unsigned number = 0; number < 5; ++number) {
    const auto offer = leases.offer(dhcp::machine(number), {}, now);
    if (!offer) continue;
    check(leases.request(dhcp::machine(number), offer->address, dhcp::RequestState::selecting, now)
              .has_value());
  }
  check(leases.counts(now).leased >= counts.leased);
  leases.counts(now + std::chrono::hours(48));
  check(leases.counts(now + std::chrono::hours(48)).leased == 0);
  return 0;
}
