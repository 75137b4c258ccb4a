#include "doctor/image.h"

#include <algorithm>

#include <fmt/format.h>

namespace pixie::doctor {
namespace {

/// The machine numbers of PE Format's table "Machine Types", with the client's architecture types
/// (option 93) that run such programs.
struct Machine {
  std::uint16_t number;
  std::string_view name;
  std::vector<std::uint16_t> types;
};

const std::vector<Machine>& machines() {
  static const std::vector<Machine> table{
      {0x014c, "x86 UEFI", {6, 15}},           {0x8664, "x64 UEFI", {7, 9, 16}},
      {0x01c2, "32-bit ARM UEFI", {10, 18}},   {0xaa64, "64-bit ARM UEFI", {11, 19}},
      {0x5032, "RISC-V 32 UEFI", {25, 26}},    {0x5064, "RISC-V 64 UEFI", {27, 28}},
      {0x6232, "LoongArch 32 UEFI", {37, 38}}, {0x6264, "LoongArch 64 UEFI", {39, 40}},
  };
  return table;
}

std::uint32_t little_endian(wire::Bytes bytes) {
  std::uint32_t value = 0;
  for (std::size_t i = bytes.size(); i-- > 0;) {
    value = value << 8 | std::to_integer<std::uint32_t>(bytes[i]);
  }
  return value;
}

/// The machine number of a PE image (roms/pe.h has the layout); nothing where its header is not
/// among the bytes.
std::optional<std::uint16_t> pe_machine(wire::Bytes bytes) {
  constexpr std::size_t header_offset_at = 0x3c;
  wire::Reader in(bytes);
  in.bytes(header_offset_at);
  const auto header_at = little_endian(in.bytes(4));
  if (!in.ok() || header_at > bytes.size()) return std::nullopt;
  wire::Reader header(bytes.subspan(header_at));
  const auto mark = wire::as_text(header.bytes(4));
  const auto machine = little_endian(header.bytes(2));
  if (!header.ok() || mark != std::string_view("PE\0\0", 4)) return std::nullopt;
  return static_cast<std::uint16_t>(machine);
}

std::string machine_name(std::uint16_t number) {
  const auto known = std::ranges::find(machines(), number, &Machine::number);
  return known == machines().end() ? fmt::format("machine type {:#06x}", number)
                                   : std::string(known->name);
}

bool runs_on(std::uint16_t number, const dhcp::ClientFacts& client) {
  const auto known = std::ranges::find(machines(), number, &Machine::number);
  return known != machines().end() &&
         std::ranges::find_first_of(known->types, client.architectures) != known->types.end();
}

bool is_uefi(const dhcp::ClientFacts& client) {
  return client.firmware == dhcp::Firmware::uefi || client.firmware == dhcp::Firmware::uefi_http;
}

std::string client_name(const dhcp::ClientFacts& client) {
  return client.architectures.empty() ? std::string(dhcp::firmware_name(client.firmware))
                                      : dhcp::architecture_name(client.architectures.front());
}

}  // namespace

bool is_efi_program(wire::Bytes beginning) { return wire::as_text(beginning).starts_with("MZ"); }

bool is_script(wire::Bytes beginning) {
  const auto text = wire::as_text(beginning);
  return text.starts_with("#!ipxe") || text.starts_with("#!gpxe");
}

std::optional<std::string> misfit(wire::Bytes beginning, const dhcp::ClientFacts& client) {
  const auto machine = client_name(client);
  if (beginning.empty()) return "it is empty";
  if (is_script(beginning)) {
    return fmt::format("it is an iPXE script, and {} firmware runs programs only", machine);
  }
  if (is_uefi(client) && !is_efi_program(beginning)) {
    return fmt::format("it is no UEFI program, but the machine is {}", machine);
  }
  const auto number = pe_machine(beginning);
  if (!number) return std::nullopt;
  if (client.firmware == dhcp::Firmware::bios || (is_uefi(client) && !runs_on(*number, client))) {
    return fmt::format("it is a program for {}, but the machine is {}", machine_name(*number),
                       machine);
  }
  return std::nullopt;
}

}  // namespace pixie::doctor
