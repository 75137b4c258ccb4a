// Who asks: the facts that are known of a machine, each with where it comes from. DHCP, TFTP and HTTP each see some of
// them; any may be unknown.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "wire/mac.h"

namespace pixie::machines {

enum class Fact : std::uint8_t {
  mac,   // 52:54:00:ab:cd:ef
  uuid,  // lower case, as firmware tables show it
  serial,
  asset,
  manufacturer,
  product,
  arch,      // x86_64, i386, arm64, arm32, riscv64, loong64 (iPXE's ${buildarch})
  firmware,  // bios, uefi, http (UEFI HTTP Boot)
  ip,
  interface,   // ours, that it is reached by
  vlan,        // of that interface
  relay,       // giaddr
  circuit_id,  // option 82.1 and 82.2
  remote_id,
  hostname,
  user_class,
};
inline constexpr std::size_t fact_count = 16;

/// `mac`, `circuit-id`, …: the name in rules, in the API and in query strings.
std::string_view fact_name(Fact fact);
std::optional<Fact> fact_named(std::string_view name);

/// How a fact is known.
enum class Source : std::uint8_t {
  unknown,
  /// The machine says so itself.
  claimed,
  /// Seen on the wire or added by a relay agent: the neighbour table, a lease, our own interface.
  observed,
  /// The owner wrote it.
  configured,
};
std::string_view source_name(Source source);

class Identity {
 public:
  /// Empty if unknown. Valid until learn().
  std::string_view operator[](Fact fact) const;
  Source source(Fact fact) const { return sources_[static_cast<std::size_t>(fact)]; }
  bool knows(Fact fact) const { return source(fact) != Source::unknown; }
  /// Takes the fact unless a better source gave it already; brings it to its canonical form (lower case where case
  /// does not matter). An empty text, one with a control character, and one longer than 256 bytes are ignored.
  void learn(Fact fact, std::string_view text, Source source);
  /// Takes every fact of `other` as learn() does. Whether that changed anything.
  bool learn(const Identity& other);

  std::optional<wire::Mac> mac() const;

  bool operator==(const Identity&) const = default;

 private:
  /// The texts in the order of their facts, one behind the other: a hundred thousand machines are kept.
  std::string texts_;
  std::array<std::uint16_t, fact_count> ends_{};
  std::array<Source, fact_count> sources_{};
};

}  // namespace pixie::machines
