// Any datagram: parsing it, describing its client, answering it in both modes and reading all of it
// back.
#include <cstdlib>

#include "dhcp/boot6.h"
#include "dhcp/ia6.h"
#include "dhcp/option6.h"

namespace {

using namespace pixie;

void check(bool holds) {
  if (!holds) std::abort();
}

void read_back(const dhcp::Packet6& packet) {
  std::byte buffer[65535];
  const auto written = dhcp::write6(buffer, packet);
  check(written.has_value());
  const auto again = dhcp::parse6(*written);
  check(again && *again == packet);
}

void answer(const dhcp::Packet6& packet, dhcp::Leases6* leases) {
  dhcp::Server6 server;
  server.address = *wire::IpAddress::parse("fd77::1");
  server.rapid_commit = true;
  // As the client names it, so that requests come through.
  const auto named = packet.options.find(dhcp::option6::server_identifier);
  if (named) server.duid.assign(named->begin(), named->end());
  const dhcp::Leases6::Time now(std::chrono::seconds(1'800'000'000));
  const auto client = dhcp::describe(packet, server.address);
  const auto url = dhcp::boot_url6(server, client.firmware, "snponly.efi");
  const auto reply = dhcp::answer(packet, client, server, {url}, leases, now);
  if (!reply) return check(!dhcp::text(reply.error()).empty());
  check(dhcp::is_from_server(reply->packet.type));
  check(reply->packet.relays.size() == packet.relays.size());
  check(dhcp::parse_ias(reply->packet.options).has_value());
  if (!leases) return read_back(reply->packet);
  dhcp::Leases6 replayed(leases->settings());
  const auto journal = std::string(dhcp::Leases6::journal_header) + reply->journal;
  check(replayed.replay(journal, now).has_value());
  check(replayed.snapshot(now) == leases->snapshot(now));
  read_back(reply->packet);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto packet = dhcp::parse6(std::as_bytes(std::span(data, size)));
  // So that a reply, which repeats parts of it, fits in a datagram.
  if (!packet || size > 32768) return 0;
  read_back(*packet);
  answer(*packet, nullptr);
  dhcp::Leases6 leases({.range = *dhcp::Range6::parse("fd77::100-fd77::1ff"), .excluded = {}});
  answer(*packet, &leases);
  return 0;
}
