// `pixie storm SERVER`: many simulated machines boot from a server at once.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace pixie::app {

struct StormArguments {
  /// Where the machines load from, without DHCP: an address, with the TFTP port unless it is 69. Empty with `dhcp`.
  std::string server;
  std::size_t machines = 100;
  /// Addresses of servers that DHCP messages are relayed to.
  std::vector<std::string> dhcp;
  /// This machine's address as relay; empty: the one that leads to the first of those.
  std::string relay;
  /// Names on the server, or URLs. Empty: pixie's ROM for the architecture, and chain.ipxe; so with `dhcp`, always.
  std::string rom;
  std::string script;
  std::string architecture = "x64-uefi";
  std::string mac = "02:70:78:00:00:00";
  std::string arrive = "all";
  double over_seconds = 10;
  double think_seconds = 0;
  double loss_percent = 0;
  double patience_seconds = 30;
  std::uint64_t seed = 1;
  /// Of the server; empty: who holds its ports, if it is this machine.
  std::vector<int> processes;
  bool json = false;
  bool public_servers = false;
};

/// Prints the report, shows progress on a terminal (stderr), and returns the exit code: failure if a machine did not boot,
/// usage if an argument is wrong.
int storm_command(const StormArguments& arguments);

}  // namespace pixie::app
