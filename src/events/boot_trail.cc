#include "events/boot_trail.h"

#include <algorithm>

#include <fmt/format.h>

namespace pixie::events {
namespace {

constexpr std::size_t file_limit = 200;

bool is_http(std::string_view file) { return file.starts_with("http"); }

std::string offer_cause(const Trail& trail) {
  if (!trail.no_rom_for.empty()) {
    return fmt::format(
        "There is no ROM for its architecture ({}): add one to the ROM folder (see pixie roms).",
        trail.no_rom_for);
  }
  if (is_http(trail.offered)) {
    return fmt::format(
        "It was told to load {} and did not ask for it: let the HTTP port pass in every firewall, "
        "and look whether its firmware allows HTTP without TLS.",
        trail.offered);
  }
  return fmt::format(
      "It was offered {} and did not ask for it: look for a second DHCP server that answers too, "
      "let UDP port 69 pass in every firewall, and look whether the disk comes first in its boot "
      "order.",
      trail.offered.empty() ? "a boot file" : std::string_view(trail.offered));
}

std::string rom_cause(const Trail& trail) {
  const auto rom = trail.rom.empty() ? std::string_view("its ROM") : std::string_view(trail.rom);
  if (!trail.rom_whole) {
    return fmt::format(
        "It asked for {} and did not load it: let UDP pass to every port (TFTP answers from "
        "another port than 69), and check cable and MTU.",
        rom);
  }
  if (trail.firmware == "BIOS") {
    return fmt::format(
        "It loaded {} whole, and the program never asked for anything: look at its screen, and try "
        "ipxe.pxe, which has drivers of its own, instead of undionly.kpxe.",
        rom);
  }
  return fmt::format(
      "It loaded {} whole, and the program never asked for anything: switch Secure Boot off or use "
      "a signed ROM, check that the ROM fits its architecture, and try ipxe.efi instead of "
      "snponly.efi.",
      rom);
}

std::string ipxe_cause(const Trail& trail) {
  if (trail.menu) {
    return "It got the menu (chain.ipxe) and chose nothing, or could not go on: look at its "
           "screen; it may wait there for somebody.";
  }
  return "iPXE runs and got its address, but never asked for its script: DHCP must give "
         "clients with user class iPXE the boot file chain.ipxe of this server, and the HTTP "
         "port must pass in every firewall.";
}

std::string trouble_cause(const Trouble& trouble) {
  switch (trouble.what) {
    case Trouble::What::aborted:
      return fmt::format(
          "It gave up loading {} after {} bytes ({}): look at its screen; it may lack memory, or "
          "have been switched off.",
          trouble.path, trouble.sent, trouble.reason);
    case Trouble::What::timed_out:
      return fmt::format(
          "It fell silent in the middle of {}, after {} bytes: it was switched off, or packets are "
          "lost; check cable, switch port and MTU.",
          trouble.path, trouble.sent);
    case Trouble::What::ours:
      return fmt::format("{} could not be sent: {}.", trouble.path, trouble.reason);
    case Trouble::What::missing:
      return fmt::format(
          "It asked for {}, which it can't have ({}): correct the name in its script, or put the "
          "file there.",
          trouble.path, trouble.reason);
  }
  return {};
}

}  // namespace

FileSeen* Files::find(std::string_view path) {
  const auto found = files_.find(path);
  if (found != files_.end()) return &found->second;
  if (files_.size() >= file_limit) return nullptr;
  ++under_way_;
  return &files_.emplace(path, FileSeen{}).first->second;
}

void Files::count(FileSeen& file, std::uint64_t sent, std::uint64_t size, bool whole) {
  sent_ += sent - file.sent;
  size_ += size - file.size;
  if (whole != file.whole) whole ? --under_way_ : ++under_way_;
  file = {sent, size, whole};
}

void Files::progress(std::string_view path, std::uint64_t sent, std::uint64_t size) {
  if (auto* file = find(path)) count(*file, std::min(sent, size), size, false);
}

void Files::done(std::string_view path, std::uint64_t bytes, bool part) {
  auto* file = find(path);
  if (!file) {
    ++others_;
    sent_ += bytes;
    size_ += bytes;
    return;
  }
  const auto sent = part ? file->sent + bytes : bytes;
  count(*file, sent, part ? std::max(file->size, sent) : sent, true);
}

void Files::broke_off(std::string_view path, std::uint64_t sent) {
  if (auto* file = find(path)) count(*file, sent, std::max(file->size, sent), false);
}

std::string stall_cause(Stage stage, const Trail& trail) {
  if (trail.trouble) return trouble_cause(*trail.trouble);
  switch (stage) {
    case Stage::dhcp:
      return offer_cause(trail);
    case Stage::rom:
      return rom_cause(trail);
    case Stage::ipxe:
      return ipxe_cause(trail);
    default:
      break;
  }
  if (trail.without_script) {
    return "There is no script for it: give it a profile, or write its own script or default.ipxe "
           "into the scripts folder.";
  }
  return "It stopped in the middle of loading: look at its screen, and check cable and switch "
         "port.";
}

}  // namespace pixie::events
