// What each kind of DHCP server must be told so that machines boot from pixie, as text with
// placeholders: @ADDRESS@ is pixie's IPv4 address, @URL@ its HTTP address without a slash at the end.
#pragma once

#include <span>
#include <string_view>

namespace pixie::app {

struct DhcpSnippet {
  /// The operand of `pixie dhcp-config`.
  std::string_view server;
  std::string_view text;
};

std::span<const DhcpSnippet> dhcp_snippets();

}  // namespace pixie::app
