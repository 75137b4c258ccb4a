// Identity associations (RFC 8415 sections 21.4 to 21.6 and 21.21): what a client wants addresses
// for, and which it has or gets.
//
//   ia_na, ia_pd = iaid:u32 t1:u32 t2:u32 options        options 3 and 25
//   ia_ta        = iaid:u32 options                      option 4
//   address      = address:16 preferred:u32 valid:u32 options    option 5, inside
//   status       = code:u16 text                         option 13, inside or outside
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "dhcp/options6.h"
#include "wire/address.h"
#include "wire/error.h"

namespace pixie::dhcp {

/// A lifetime that never ends.
constexpr std::uint32_t infinity6 = 0xffffffff;

struct Status6 {
  std::uint16_t code = 0;
  std::string message;

  bool operator==(const Status6&) const = default;
};

/// Lifetimes in seconds, both 0 where the address must not be used any more.
struct IaAddress {
  wire::IpAddress address;
  std::uint32_t preferred = 0;
  std::uint32_t valid = 0;

  bool operator==(const IaAddress&) const = default;
};

struct Ia {
  /// The option's code: temporary addresses and prefixes are read to be refused.
  enum Kind : std::uint16_t { addresses_na = 3, addresses_ta = 4, prefixes = 25 };
  Kind kind = addresses_na;
  std::uint32_t iaid = 0;
  /// When to renew and to rebind, in seconds; 0 leaves it to the client. Not in an IA_TA.
  std::uint32_t t1 = 0;
  std::uint32_t t2 = 0;
  std::vector<IaAddress> addresses;
  std::optional<Status6> status;

  bool operator==(const Ia&) const = default;
};

/// The identity associations of a message, in their order. Fails if one is cut off.
Expected<std::vector<Ia>> parse_ias(const Options6& options);
void add_ia(Options6& options, const Ia& ia);

/// Nothing if there is no status option, which means success (RFC 8415 section 21.13), or a broken
/// one.
std::optional<Status6> status(const Options6& options);
void add_status(Options6& options, const Status6& status);

}  // namespace pixie::dhcp
