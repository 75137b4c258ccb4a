// An image on its way into the images folder: what a client wants to send, and what became of it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "wire/error.h"

namespace pixie::images {

/// Bytes `offset` to `offset + length` of a file that has `size` bytes, all of them more than 0.
struct UploadPart {
  /// Relative to the images folder: `debian-12.iso`.
  std::string file;
  std::uint64_t offset = 0;
  std::uint64_t length = 0;
  std::uint64_t size = 0;
  /// Not in the place of a file that is there already.
  bool only_new = false;
};

struct UploadState {
  std::string file;
  /// How many bytes are here, from the front on, of how many.
  std::uint64_t received = 0;
  std::uint64_t size = 0;
  /// It is in its place.
  bool whole = false;
};

struct UploadFailure {
  enum class Why : std::uint8_t {
    /// The part does not begin where the bytes that are here end.
    offset,
    /// Another connection goes on with the upload, or removed it.
    superseded,
    /// There is such a file, and only a new one was wanted.
    exists,
    /// There is no room on the disk.
    no_room,
    /// Not a folder of the images folder, or pixie's user may not write there.
    forbidden,
    not_found,
    failed,
  };
  Why why = Why::failed;
  /// One sentence.
  std::string text;
  /// How many bytes are here.
  std::uint64_t received = 0;
};

/// Whether `file` may be the path of an image's file: no part begins with a dot or is too long, and it has the ending of
/// an image.
Expected<void> check_file(std::string_view file);

}  // namespace pixie::images
