// Which hosts the mirror may ask, as --mirror says.
//
//   list = item *( "," item )
//   item = [ "*." ] host [ ":" port ]      `mirror.example.org`, `*.example.org`, `192.0.2.7:8080`
//
// Without a port it is the scheme's own: 443 for https, 80 for http. `*.` stands for one label or more.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "http/url.h"
#include "wire/address.h"
#include "wire/error.h"

namespace pixie::mirror {

class AllowList {
 public:
  /// Nobody is allowed.
  AllowList() = default;
  /// An empty text allows nobody.
  static Expected<AllowList> parse(std::string_view text);

  bool empty() const { return items_.empty(); }
  /// Allows what the other one allows, too.
  void add(const AllowList& other) {
    items_.insert(items_.end(), other.items_.begin(), other.items_.end());
  }
  /// Whether the URL's host and port are in the list.
  bool allows(const http::Url& url) const;
  /// Whether an item names the URL's host itself, and not by a pattern.
  bool names(const http::Url& url) const;
  /// Whether the host of an allowed URL may have this address. A name that the list has by a pattern may only lead to
  /// public addresses: whoever answers for its domain must not steer the mirror into this network. A host that is listed
  /// itself may be anywhere.
  bool allows(const http::Url& url, const wire::IpAddress& address) const;

 private:
  struct Item {
    /// Without `*.`.
    std::string host;
    bool pattern = false;
    std::optional<std::uint16_t> port;
  };
  static bool matches(const Item& item, const http::Url& url);

  std::vector<Item> items_;
};

/// An address that the whole Internet may reach: not of this host, a private network, a link, a group (RFC 6890).
bool is_public(const wire::IpAddress& address);

}  // namespace pixie::mirror
