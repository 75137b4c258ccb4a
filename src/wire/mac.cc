#include "wire/mac.h"

#include <charconv>
#include <string_view>

namespace pixie::wire {
namespace {

std::string with_between(const Mac& mac, char mark) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string text(17, mark);
  for (std::size_t i = 0; i < mac.octets.size(); ++i) {
    text[3 * i] = digits[mac.octets[i] >> 4];
    text[3 * i + 1] = digits[mac.octets[i] & 0xf];
  }
  return text;
}

}  // namespace

std::string Mac::hyphens() const { return with_between(*this, '-'); }
std::string Mac::colons() const { return with_between(*this, ':'); }

std::optional<Mac> Mac::parse(std::string_view text) {
  const std::size_t separator = text.size() == 17 ? 1 : 0;
  if (text.size() != 12 + 5 * separator) return std::nullopt;
  const char mark = separator ? text[2] : '\0';
  if (separator && mark != '-' && mark != ':') return std::nullopt;

  Mac mac;
  for (std::size_t i = 0; i < 6; ++i) {
    const auto pair = text.substr(i * (2 + separator), 2);
    const auto [end, error] = std::from_chars(pair.begin(), pair.end(), mac.octets[i], 16);
    if (error != std::errc{} || end != pair.end()) return std::nullopt;
    if (separator && i < 5 && text[i * 3 + 2] != mark) return std::nullopt;
  }
  return mac;
}

}  // namespace pixie::wire

std::size_t std::hash<pixie::wire::Mac>::operator()(const pixie::wire::Mac& mac) const noexcept {
  std::uint64_t number = 0;
  for (const auto octet : mac.octets) number = number << 8 | octet;
  // Fibonacci hashing: machines of one delivery differ in few low bits only.
  return number * 0x9e3779b97f4a7c15U >> 7;
}
