// What a profile says of files that come through the mirror: `sha256 = { "https://host/linux" = "…" }`.
#include <algorithm>

#include <fmt/format.h>

#include "machines/draft.h"

namespace pixie::machines {
namespace {

constexpr std::size_t sha256_digits = 64;

bool is_sha256(std::string_view text) {
  return text.size() == sha256_digits && std::ranges::all_of(text, [](char c) {
           return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
         });
}

bool is_mirrored(std::string_view name) {
  return name.starts_with("https://") || name.starts_with("http://") ||
         name.starts_with("/mirror/https/") || name.starts_with("/mirror/http/");
}

}  // namespace

void load_pins(Draft& draft, TableReader& reader) {
  const auto* table = reader.table("sha256");
  if (!table) return;
  for (const auto& [key, node] : *table) {
    const std::string name(key.str());
    const auto text = node.value<std::string>();
    if (!is_mirrored(name)) {
      reader.mistake(key, fmt::format("'{}' is no URL and no path of the mirror: "
                                      "/mirror/https/HOST/PATH",
                                      name));
    } else if (!text || !is_sha256(*text)) {
      reader.mistake(node, "a SHA-256 has 64 hexadecimal digits");
    } else {
      auto digits = *text;
      std::ranges::transform(digits, digits.begin(), [](char c) {
        return c >= 'A' && c <= 'F' ? static_cast<char>(c - 'A' + 'a') : c;
      });
      const auto [there, added] = draft.content.pins.emplace(name, digits);
      if (!added && there->second != digits) {
        reader.mistake(node, fmt::format("another profile has another SHA-256 of {}", name));
      }
    }
  }
}

}  // namespace pixie::machines
