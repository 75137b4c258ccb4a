// What the doctor can find: each fault with a sentence that says the cause and one that says the
// remedy. The catalogue is one table, so that all sentences stand together and each has an id that
// scripts can look for.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace pixie::doctor {

enum class Fault : std::uint8_t {
  no_dhcp_server,
  pool_empty,
  address_refused,
  no_address,
  address_in_use,
  relay_unreachable,
  no_boot_information,
  offer_ignored,
  next_server_missing,
  two_proxies,
  two_dhcp_servers,
  boot_server_silent,
  option_60_alone,
  server_unreachable,
  tftp_silent,
  tftp_closed,
  tftp_stalled,
  tftp_file_missing,
  rom_wrong,
  rom_not_started,
  rom_loop,
  http_closed,
  http_silent,
  http_stalled,
  http_error,
  not_a_script,
  script_missing,
  file_missing,
  stopped,
};

/// What the sentences of a fault name; which of them are used differs.
struct Particulars {
  std::string server;
  std::string file;
  std::string detail;
};

struct Finding {
  Fault fault;
  /// `tftp-silent`, …
  std::string_view id;
  /// Otherwise the machine boots all the same, or may.
  bool stops_boot;
  std::string cause;
  std::string remedy;
};

Finding make_finding(Fault fault, const Particulars& particulars);

/// Whether one of them keeps the machine from booting.
bool any_stops_boot(std::span<const Finding> findings);

}  // namespace pixie::doctor
