#include "images/text.h"

#include <algorithm>
#include <cstdint>

namespace pixie::images {
namespace {

void append_utf8(std::string& out, std::uint32_t character) {
  const auto put = [&](std::uint32_t byte) { out.push_back(static_cast<char>(byte)); };
  const auto continuation = [&](unsigned shift) { put(0x80 | (character >> shift & 0x3f)); };
  if (character < 0x80) {
    put(character);
  } else if (character < 0x800) {
    put(0xc0 | character >> 6);
    continuation(0);
  } else if (character < 0x10000) {
    put(0xe0 | character >> 12);
    continuation(6);
    continuation(0);
  } else {
    put(0xf0 | character >> 18);
    continuation(12);
    continuation(6);
    continuation(0);
  }
}

constexpr std::uint32_t replacement = 0xfffd;
bool is_first_half(std::uint32_t unit) { return unit >= 0xd800 && unit < 0xdc00; }
bool is_second_half(std::uint32_t unit) { return unit >= 0xdc00 && unit < 0xe000; }

}  // namespace

std::string utf8_from_utf16(wire::Bytes text) {
  std::string result;
  wire::Reader reader(text);
  std::uint32_t first_half = 0;
  while (reader.remaining() >= 2) {
    const std::uint32_t unit = reader.u16();
    if (first_half != 0 && is_second_half(unit)) {
      append_utf8(result, 0x10000 + ((first_half & 0x3ff) << 10) + (unit & 0x3ff));
      first_half = 0;
      continue;
    }
    if (first_half != 0) append_utf8(result, replacement);
    first_half = is_first_half(unit) ? unit : 0;
    if (first_half == 0) append_utf8(result, is_second_half(unit) ? replacement : unit);
  }
  if (first_half != 0) append_utf8(result, replacement);
  return result;
}

std::string utf8_from_latin1(wire::Bytes text) {
  std::string result;
  for (const auto byte : text) append_utf8(result, std::to_integer<std::uint32_t>(byte));
  return result;
}

std::string utf8_from_osta(wire::Bytes text) {
  wire::Reader reader(text);
  const auto kind = reader.u8();
  return kind == 8    ? utf8_from_latin1(reader.rest())
         : kind == 16 ? utf8_from_utf16(reader.rest())
                      : std::string();
}

std::string utf8_from_dstring(wire::Bytes field) {
  if (field.empty()) return {};
  const auto length = std::to_integer<std::size_t>(field.back());
  return utf8_from_osta(field.first(std::min(length, field.size() - 1)));
}

std::string without_blanks(std::string text) {
  text.erase(text.find_last_not_of(std::string_view(" \0", 2)) + 1);
  return text;
}

std::string plain_iso_name(std::string_view name) {
  if (name.ends_with(";1")) name.remove_suffix(2);
  if (name.ends_with('.')) name.remove_suffix(1);
  std::string result(name);
  for (auto& c : result) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + ('a' - 'A'));
    if (c == ';') c = '.';
  }
  return result;
}

std::string joliet_name(wire::Bytes name) {
  auto result = utf8_from_utf16(name);
  if (result.size() > 2 && result.ends_with(";1")) result.resize(result.size() - 2);
  while (result.size() > 1 && result.ends_with('.')) result.pop_back();
  return result;
}

}  // namespace pixie::images
