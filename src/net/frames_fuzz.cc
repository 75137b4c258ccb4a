// Any bytes as an IPv4 packet and as ARP; UDP and ARP that were read are written again and read the same.
#include <cstdlib>
#include <vector>

#include "net/frames.h"

namespace {

using namespace pixie;

void check(bool holds) {
  if (!holds) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto packet = std::as_bytes(std::span(data, size));
  if (const auto ip = net::parse_ipv4(packet)) check(ip->payload.size() + 20 <= size);
  if (const auto udp = net::parse_udp4(packet)) {
    std::vector<std::byte> buffer(size);
    const auto written = net::write_udp4(buffer, udp->from, udp->to, udp->payload);
    const auto again = net::parse_udp4(written);
    check(again && again->from == udp->from && again->to == udp->to);
    check(wire::as_text(again->payload) == wire::as_text(udp->payload));
  }
  if (const auto arp = net::parse_arp(packet)) {
    std::byte buffer[net::arp_size];
    check(net::parse_arp(net::write_arp(buffer, *arp)) == arp);
  }
  return 0;
}
