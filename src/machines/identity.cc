#include "machines/identity.h"

#include <algorithm>
#include <utility>

#include "machines/pattern.h"
#include "wire/address.h"

namespace pixie::machines {
namespace {

constexpr std::size_t text_limit_bytes = 256;

constexpr std::array<std::string_view, fact_count> fact_names{
    "mac", "uuid",      "serial", "asset", "manufacturer", "product",   "arch",     "firmware",
    "ip",  "interface", "vlan",   "relay", "circuit-id",   "remote-id", "hostname", "user-class"};

constexpr std::array<std::string_view, 4> source_names{"unknown", "claimed", "observed",
                                                       "configured"};

bool is_control(char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }

/// Firmware tables pad their texts.
std::string_view trimmed(std::string_view text) {
  const auto first = text.find_first_not_of(' ');
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(' ') - first + 1);
}

/// iPXE's `${platform}` names the same things.
std::string_view firmware_named(std::string_view name) {
  if (name == "pcbios") return "bios";
  return name == "efi" ? "uefi" : name;
}

/// Empty if it is no such thing.
std::string canonical(Fact fact, std::string_view text) {
  switch (fact) {
    case Fact::mac: {
      const auto mac = wire::Mac::parse(text);
      return mac ? mac->colons() : "";
    }
    case Fact::ip:
    case Fact::relay: {
      const auto address = wire::IpAddress::parse(text);
      return address ? address->text() : "";
    }
    case Fact::firmware:
      return std::string(firmware_named(lower(text)));
    case Fact::uuid:
    case Fact::arch:
    case Fact::hostname:
      return lower(text);
    default:
      return std::string(text);
  }
}

}  // namespace

std::string_view fact_name(Fact fact) { return fact_names[static_cast<std::size_t>(fact)]; }

std::optional<Fact> fact_named(std::string_view name) {
  const auto found = std::ranges::find(fact_names, name);
  if (found == fact_names.end()) return std::nullopt;
  return static_cast<Fact>(found - fact_names.begin());
}

std::string_view source_name(Source source) {
  return source_names[static_cast<std::size_t>(source)];
}

std::string_view Identity::operator[](Fact fact) const {
  const auto index = static_cast<std::size_t>(fact);
  const std::size_t begin = index == 0 ? 0 : ends_[index - 1];
  return std::string_view(texts_).substr(begin, ends_[index] - begin);
}

void Identity::learn(Fact fact, std::string_view text, Source source) {
  const auto index = static_cast<std::size_t>(fact);
  if (source == Source::unknown || source < sources_[index]) return;
  if (text.size() > text_limit_bytes || std::ranges::any_of(text, is_control)) return;
  const auto known = canonical(fact, trimmed(text));
  if (known.empty()) return;
  const auto old_size = (*this)[fact].size();
  texts_.replace(ends_[index] - old_size, old_size, known);
  for (auto i = index; i < fact_count; ++i) {
    ends_[i] = static_cast<std::uint16_t>(ends_[i] + known.size() - old_size);
  }
  sources_[index] = source;
}

bool Identity::learn(const Identity& other) {
  bool changed = false;
  for (std::size_t i = 0; i < fact_count; ++i) {
    const auto fact = static_cast<Fact>(i);
    const bool same = other.source(fact) == source(fact) && other[fact] == (*this)[fact];
    if (same || other.source(fact) < source(fact)) continue;
    learn(fact, other[fact], other.source(fact));
    changed = true;
  }
  return changed;
}

std::optional<wire::Mac> Identity::mac() const { return wire::Mac::parse((*this)[Fact::mac]); }

}  // namespace pixie::machines
