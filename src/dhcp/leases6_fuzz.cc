// Any file as a journal of IPv6 leases: replaying it, and that what the table then writes is read as the same table.
#include <cstdint>
#include <cstdlib>
#include <span>

#include "dhcp/leases6.h"
#include "wire/cursor.h"

namespace {

using namespace pixie;

void check(bool holds) {
  if (!holds) std::abort();
}

dhcp::Leases6 table() {
  return dhcp::Leases6({.range = *dhcp::Range6::parse("fd77::100-fd77::103"), .excluded = {}});
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const dhcp::Leases6::Time now(std::chrono::seconds(1'800'000'000));
  auto leases = table();
  if (!leases.replay(wire::as_text(std::as_bytes(std::span(data, size))), now)) {
    check(leases.size() == 0);
    return 0;
  }
  check(leases.size() <= 4);
  const auto snapshot = leases.snapshot(now);
  auto again = table();
  check(again.replay(snapshot, now) && again.snapshot(now) == snapshot);
  for (std::uint32_t iaid = 0; iaid < 5; ++iaid) {
    const auto grant = leases.assign({{std::byte{1}}, iaid}, {}, now);
    if (grant) check(leases.settings().range.contains(grant->address));
  }
  return 0;
}
