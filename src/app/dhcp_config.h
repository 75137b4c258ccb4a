// `pixie dhcp-config SERVER`: what to paste into the DHCP server that is there already.
#pragma once

#include <ostream>
#include <string>
#include <string_view>
#include <vector>

#include "app/own_address.h"
#include "app/settings.h"

namespace pixie::app {

/// The snippet for a kind of DHCP server, for a pixie at `address` (IPv4) whose HTTP is on `http_port`.
/// An unknown kind is an error that names the nearest one.
Expected<std::string> dhcp_snippet(std::string_view server, const wire::IpAddress& address,
                                   std::uint16_t http_port);

/// Whom the machines are told to ask, and what of the choice the user should know.
struct ChosenAddress {
  wire::IpAddress address;
  /// One sentence, or empty.
  std::string note;
};

/// `given` (the text of --address) if it isn't empty, else the address that the settings advertise or
/// listen on, else `likely`. `own` are this machine's addresses.
Expected<ChosenAddress> choose_address(const Settings& settings, std::string_view given,
                                       const std::optional<wire::IpAddress>& likely,
                                       const std::vector<OwnAddress>& own);

/// Prints the snippet for these settings on `out`, and on `notes` which of several addresses was
/// taken. Ports that no firmware would ask are an error.
Expected<void> print_dhcp_config(const Settings& settings, std::string_view server,
                                 std::string_view address, std::ostream& out, std::ostream& notes);

}  // namespace pixie::app
