#include "machines/names.h"

#include <algorithm>

namespace pixie::machines {
namespace {

constexpr bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
constexpr bool is_digit(char c) { return c >= '0' && c <= '9'; }

}  // namespace

bool contains(std::span<const std::string_view> names, std::string_view name) {
  return std::ranges::find(names, name) != names.end();
}

bool is_name(std::string_view text) {
  constexpr std::size_t limit = 64;
  return !text.empty() && text.size() <= limit && text.front() != '.' &&
         std::ranges::all_of(text, [](char c) {
           return is_letter(c) || is_digit(c) || c == '.' || c == '_' || c == '-';
         });
}

bool is_variable_name(std::string_view text) {
  constexpr std::string_view words[] = {"this", "index", "else"};
  return !text.empty() && (is_letter(text.front()) || text.front() == '_') &&
         std::ranges::all_of(
             text, [](char c) { return is_letter(c) || is_digit(c) || c == '_' || c == '-'; }) &&
         !contains(fixed_names(), text) && !contains(words, text);
}

std::span<const std::string_view> fixed_names() {
  static constexpr std::string_view names[] = {
      "mac",        "uuid",      "serial",   "asset",      "manufacturer", "product",
      "arch",       "firmware",  "ip",       "interface",  "vlan",         "relay",
      "circuit_id", "remote_id", "hostname", "user_class", "mac_hyphens",  "server",
      "host",       "callback",  "profile",  "groups"};
  return names;
}

std::span<const std::string_view> arch_names() {
  static constexpr std::string_view names[] = {"x86_64", "i386",    "arm64",
                                               "arm32",  "riscv64", "loong64"};
  return names;
}

std::span<const std::string_view> firmware_names() {
  static constexpr std::string_view names[] = {"bios", "uefi", "http"};
  return names;
}

}  // namespace pixie::machines
