// OpenPGP signatures, checked by gpgv if it is installed.
#pragma once

#include <optional>
#include <string>

#include "wire/error.h"

namespace pixie::app {

struct Signed {
  /// What the signature is for; of an unchecked one the text as it came.
  std::string text;
  /// Who signed, or why that could not be checked; a part of a sentence.
  std::string note;
  bool checked = false;
};

/// Checks `text`, which is signed inline (RFC 9580 section 7) unless there is a detached signature. Without gpgv or the
/// keyring nothing is checked, and the note says so; a signature that is not good is an error.
Expected<Signed> check_signature(const std::string& text,
                                 const std::optional<std::string>& detached,
                                 const std::string& keyring);

}  // namespace pixie::app
