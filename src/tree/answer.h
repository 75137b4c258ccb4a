// What the tree answers to a path, and how what was opened on disk becomes an answer.
#pragma once

#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "tree/body.h"
#include "tree/folder.h"
#include "wire/mac.h"

namespace pixie::tree {

struct Listing {
  std::vector<Entry> entries;
};

struct Refusal {
  enum class Reason : std::uint8_t {
    not_found,
    forbidden,
    rom_missing,
    unreadable,
    /// It will be there in a moment.
    not_yet,
  };
  Reason reason;
  /// One sentence for the client and the log.
  std::string text;
};

/// Made for each machine: what its script, a template or the menu says is decided elsewhere.
struct Wanted {
  enum class What : std::uint8_t {
    script,
    /// A file below templates/, by the name `name`.
    text,
    menu,
  };
  What what;
  /// The machine that the path names.
  std::optional<wire::Mac> machine;
  /// The template's name, or the profile that was chosen in the menu.
  std::string name;
};

using Answer = std::variant<Body, Listing, Refusal, Wanted>;

/// A script that the owner wrote, or why it can't be opened.
using OwnerScript = std::expected<Body, Refusal>;

/// A file as it is; its version is named by what stat(2) says.
Body file_body(Opened opened, Body::Kind kind, std::string_view path);
/// Why a file could not be opened, by its errno.
Refusal refusal(int error, const std::string& path);

std::string_view last_component(std::string_view path);

}  // namespace pixie::tree
