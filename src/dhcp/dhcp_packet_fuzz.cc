// Any datagram as a DHCPv4 message: parsing it, describing its sender, showing it, and writing it
// in full and as the smallest client takes it; what was written parses to the same message.
#include <cstdlib>
#include <vector>

#include "dhcp/client.h"
#include "dhcp/decode.h"
#include "dhcp/packet.h"

namespace {

using namespace pixie;

void check(bool holds) {
  if (!holds) std::abort();
}

bool is_printable(std::string_view text) {
  return text.find_first_not_of(
             " !\"#$%&'()*+,-./0123456789:;<=>?@ABCDEFGHIJKLMNOPQRSTUVWXYZ[\\]^_`"
             "abcdefghijklmnopqrstuvwxyz{|}~") == std::string_view::npos;
}

void check_facts(const dhcp::ClientFacts& facts) {
  for (const auto& text : {facts.vendor_class, facts.host_name, facts.uuid, facts.ipxe_version,
                           facts.relay.circuit_id, facts.relay.remote_id}) {
    check(is_printable(text));
  }
  check(!facts.is_ipxe || facts.is_boot_client());
}

void check_text(std::string_view text) {
  while (!text.empty()) {
    const auto end = text.find('\n');
    check(end != std::string_view::npos && is_printable(text.substr(0, end)));
    text.remove_prefix(end + 1);
  }
}

/// Whether `packet` was written in at most `limit` bytes; then it must read back the same.
bool written(const dhcp::Packet& packet, std::size_t limit) {
  std::vector<std::byte> buffer(limit);
  const auto message = dhcp::write(buffer, packet, limit);
  if (!message) return false;
  check(message->size() >= dhcp::min_message_size && message->size() <= limit);
  const auto again = dhcp::parse(*message);
  check(again && *again == packet);
  return true;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto datagram = std::as_bytes(std::span(data, size));
  const auto packet = dhcp::parse(datagram);
  if (!packet) {
    check(packet.error().text.starts_with("DHCP "));
    return 0;
  }
  check_facts(dhcp::describe(*packet));
  check_text(dhcp::decode(*packet));
  check(written(*packet, size + dhcp::min_message_size));
  written(*packet, dhcp::reply_size_limit(*packet));
  written(*packet, dhcp::min_message_size);
  return 0;
}
