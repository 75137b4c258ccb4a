#include "doctor/client.h"

#include <algorithm>
#include <array>
#include <ranges>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "dhcp/option.h"

namespace pixie::doctor {
namespace {

namespace option = dhcp::option;

constexpr std::array kinds = std::to_array<ClientKind>({
    {"x64-uefi", 7},
    {"x86-bios", 0},
    {"ia32-uefi", 6},
    {"arm64-uefi", 11},
    {"arm32-uefi", 10},
    {"riscv64-uefi", 27},
    {"loong64-uefi", 39},
    {"x64-http", 16, true},
    {"ia32-http", 15, true},
    {"arm64-http", 19, true},
    {"arm32-http", 18, true},
});

/// What EDK2 asks for (option 55): 67 and the vendor's own, which PXE needs.
constexpr std::string_view wanted_by_uefi(
    "\1\2\3\4\5\6\14\15\17\21\22\26\27\34\50\51\52\53\62\63\66\72\73\74\102\103\141"
    "\200\201\202\203\204\205\206\207");
constexpr std::string_view wanted_by_http(
    "\1\2\3\4\5\6\14\15\17\21\22\26\27\34\50\51\52\53\62\63\66\72\73\74\103\141");
constexpr std::string_view wanted_by_ipxe(
    "\1\3\6\7\14\17\21\32\52\53\74\102\103\167\171\200\201\202\203\204\205\206\207\257\313");

/// Option 175 of iPXE 2.0.0: its version and what it can do (http, bzImage, menu, efi, …).
constexpr std::string_view ipxe_features("\353\3\2\0\0\23\1\1\27\1\1\47\1\1", 14);

dhcp::Packet request(const wire::Mac& mac, std::uint32_t xid, dhcp::MessageType type) {
  dhcp::Packet packet;
  packet.xid = xid;
  packet.flags = dhcp::Packet::broadcast_flag;
  std::ranges::copy(mac.octets, packet.chaddr.begin());
  packet.set_message_type(type);
  return packet;
}

/// Option 97, made from the MAC address, so that a machine has the same one each time.
std::array<std::byte, 17> machine_of(const wire::Mac& mac) {
  std::array<std::byte, 17> value{};
  std::ranges::transform(mac.octets, value.begin() + 11,
                         [](std::uint8_t octet) { return std::byte{octet}; });
  return value;
}

void describe_client(dhcp::Packet& packet, const ClientKind& kind, const wire::Mac& mac,
                     unsigned undi) {
  packet.options.set_u16(option::max_message_size, dhcp::max_message_size);
  packet.options.set_u16(option::client_architecture, kind.architecture);
  const std::array interface{std::byte{1}, static_cast<std::byte>(undi / 1000),
                             static_cast<std::byte>(undi % 1000)};
  packet.options.set(option::client_interface, interface);
  packet.options.set(option::client_machine, machine_of(mac));
  packet.options.set_text(option::vendor_class,
                          fmt::format("{}Client:Arch:{:05}:UNDI:{:06}", kind.http ? "HTTP" : "PXE",
                                      kind.architecture, undi));
}

}  // namespace

Expected<ClientKind> find_client_kind(std::string_view name) {
  const auto found = std::ranges::find(kinds, name, &ClientKind::name);
  if (found != kinds.end()) return *found;
  return fail(fmt::format("--arch: there is no '{}'; those that exist: {}", name,
                          fmt::join(kinds | std::views::transform(&ClientKind::name), ", ")));
}

dhcp::Packet firmware_discover(const ClientKind& kind, const wire::Mac& mac, std::uint32_t xid) {
  auto packet = request(mac, xid, dhcp::MessageType::discover);
  const bool bios = kind.architecture == 0;
  packet.options.set_text(option::parameter_list, bios        ? wanted_by_ipxe
                                                  : kind.http ? wanted_by_http
                                                              : wanted_by_uefi);
  describe_client(packet, kind, mac, bios ? 2001 : 3000);
  return packet;
}

dhcp::Packet ipxe_discover(const ClientKind& kind, const wire::Mac& mac, std::uint32_t xid) {
  const auto plain = std::ranges::find_if(kinds, [&kind](const ClientKind& other) {
    return !other.http &&
           other.name.substr(0, other.name.find('-')) == kind.name.substr(0, kind.name.find('-'));
  });
  auto packet = request(mac, xid, dhcp::MessageType::discover);
  packet.options.set_text(option::parameter_list, wanted_by_ipxe);
  describe_client(packet, plain == kinds.end() ? kind : *plain, mac,
                  kind.architecture == 0 ? 2001 : 3010);
  packet.options.set_text(option::user_class, "iPXE");
  packet.options.set(option::ipxe, wire::as_bytes(ipxe_features));
  return packet;
}

dhcp::Packet lease_request(const dhcp::Packet& discover, const dhcp::Packet& offer) {
  auto packet = discover;
  packet.set_message_type(dhcp::MessageType::request);
  packet.options.set_address(option::requested_address, offer.yiaddr);
  if (const auto server = offer.options.address(option::server_identifier))
    packet.options.set_address(option::server_identifier, *server);
  return packet;
}

dhcp::Packet boot_server_request(const dhcp::Packet& discover, const wire::IpAddress& address) {
  auto packet = discover;
  packet.set_message_type(dhcp::MessageType::request);
  packet.flags = 0;
  packet.ciaddr = address;
  return packet;
}

dhcp::Packet inform(const wire::Mac& mac, const wire::IpAddress& address, std::uint32_t xid) {
  auto packet = request(mac, xid, dhcp::MessageType::inform);
  packet.ciaddr = address;
  packet.options.set_text(option::parameter_list, "\1\3\6");
  return packet;
}

}  // namespace pixie::doctor
