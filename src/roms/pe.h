// Reads the headers of a PE/COFF image (an EFI application) and of iPXE's BIOS boot program, as far
// as it takes to say which machine a ROM is for.
//
// PE/COFF (Microsoft's "PE Format"), little endian:
//   0x00 "MZ"          0x3c u32 offset of the PE header
//   PE header: "PE\0\0", COFF header of 20 bytes (machine at 0, size of the optional header at 16),
//   optional header: u16 magic (0x10b PE32, 0x20b PE32+), subsystem at 68, then the data
//   directories from 96 (PE32) or 112 (PE32+), their number before them; directory 4 is the
//   certificate table: u32 file offset, u32 size.
#pragma once

#include <cstdint>

#include "roms/rom.h"
#include "wire/cursor.h"
#include "wire/error.h"

namespace pixie::roms {

struct Pe {
  Architecture architecture;
  /// 10 is an EFI application, what firmware boots.
  std::uint16_t subsystem;
  /// Has a certificate table, as signed images do. Nothing is said about whether the signature is
  /// good.
  bool is_signed;
};

constexpr std::uint16_t kEfiApplication = 10;

/// Fails on what is no PE image, is cut off, or is for a machine that iPXE isn't built for. A
/// certificate table that lies outside of the file is an error too: the file was cut.
Expected<Pe> read_pe(wire::Bytes bytes);

/// What a ROM's own bytes say about it.
struct Image {
  Architecture architecture;
  Firmware firmware;
  bool is_signed = false;
  /// iPXE's version, empty if the bytes don't tell (those of a BIOS ROM are compressed).
  std::string_view version;
};

/// Recognises an EFI application for any of iPXE's architectures, and iPXE's BIOS boot program (a
/// far jump to 07c0, followed since iPXE 2.0 by the architecture and a magic number:
/// `util/gensrvimg` of iPXE). `version` refers to `bytes`.
Expected<Image> identify(wire::Bytes bytes);

}  // namespace pixie::roms
