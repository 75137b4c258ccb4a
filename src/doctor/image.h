// Whether a boot file is one for the machine that loads it, by the file's first bytes: firmware
// itself shows little when it isn't.
#pragma once

#include <optional>
#include <string>

#include "dhcp/client.h"
#include "wire/cursor.h"

namespace pixie::doctor {

/// What the file is instead (`a program for x64 UEFI, but the machine has BIOS`), for people;
/// nothing if it may be right. `beginning` is the file or its first block: headers that lie beyond
/// are not judged.
std::optional<std::string> misfit(wire::Bytes beginning, const dhcp::ClientFacts& client);

/// Whether it is a program for firmware (MZ), which iPXE as second stage must not be given.
bool is_efi_program(wire::Bytes beginning);

/// Whether it is an iPXE script (`#!ipxe`, or `#!gpxe` of old).
bool is_script(wire::Bytes beginning);

}  // namespace pixie::doctor
