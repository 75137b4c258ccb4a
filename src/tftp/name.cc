#include "tftp/name.h"

#include <algorithm>
#include <ranges>

namespace pixie::tftp {
namespace {

bool has_control_characters(std::string_view name) {
  const auto is_c0 = [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; };
  const auto is_c1_pair = [](char lead, char next) {
    return lead == '\xc2' && static_cast<unsigned char>(next) >= 0x80 &&
           static_cast<unsigned char>(next) < 0xa0;
  };
  return std::ranges::any_of(name, is_c0) ||
         std::ranges::adjacent_find(name, is_c1_pair) != name.end();
}

}  // namespace

Expected<std::string> clean_name(std::string_view name) {
  name = name.substr(0, name.find('\0'));
  name = name.substr(0, name.find_last_not_of('\xff') + 1);
  if (name.size() > max_name_size) return fail("TFTP file name: longer than 1024 bytes");
  if (has_control_characters(name)) return fail("TFTP file name: has control characters");

  std::string slashed(name);
  std::ranges::replace(slashed, '\\', '/');
  std::string path;
  for (const auto part : slashed | std::views::split('/')) {
    const std::string_view component(part.begin(), part.end());
    if (component.empty() || component == ".") continue;
    if (component == "..") return fail("TFTP file name: must not climb by '..'");
    if (!path.empty()) path += '/';
    path += component;
  }
  if (path.empty()) return fail("TFTP file name: names no file");
  return path;
}

}  // namespace pixie::tftp
