#include "doctor/offers.h"

#include <algorithm>
#include <functional>
#include <optional>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "dhcp/option.h"
#include "dhcp/printable.h"

namespace pixie::doctor {
namespace {

namespace option = dhcp::option;
namespace pxe_option = dhcp::pxe_option;
using dhcp::Firmware;

constexpr std::uint8_t use_the_file = 8;

bool has_class(const Offer& offer, std::string_view name) {
  return offer.packet.options.text(option::vendor_class).value_or("").starts_with(name);
}

bool is_url(std::string_view file) { return file.find("://") != std::string_view::npos; }

std::optional<dhcp::Options> pxe_options(const Offer& offer) {
  const auto value = offer.packet.options.find(option::vendor_specific);
  if (!value) return std::nullopt;
  auto options = dhcp::parse_encapsulated(*value);
  return options ? std::optional(std::move(*options)) : std::nullopt;
}

/// Option 43.6 with bit 3: use the file in this offer, ask nobody (PXE 2.1, PXE_DISCOVERY_CONTROL).
bool says_use_the_file(const Offer& offer) {
  const auto options = pxe_options(offer);
  const auto control = options ? options->u8(pxe_option::discovery_control) : std::nullopt;
  return control && (*control & use_the_file) != 0;
}

/// Why firmware doesn't look at an offer's boot file; empty if it does.
std::string reason_to_ignore(const Offer& offer, const dhcp::ClientFacts& client) {
  if (client.firmware == Firmware::uefi_http) {
    if (!is_url(offer.boot_file())) return "UEFI HTTP Boot wants a URL as boot file";
    if (!has_class(offer, "HTTPClient")) return "option 60 \"HTTPClient\" is missing in it";
    return {};
  }
  if (!offer.is_proxy()) return {};
  if (!has_class(offer, "PXEClient")) {
    return "option 60 \"PXEClient\" is missing, which a proxy's answer must have";
  }
  const bool has_identifier = offer.packet.options.contains(option::server_identifier);
  if (client.firmware == Firmware::uefi && !has_identifier) {
    return "option 54, the server identifier, is missing";
  }
  return {};
}

/// Whether the offer tries to say what to boot.
bool tells_what_to_boot(const Offer& offer) {
  return !offer.boot_file().empty() || has_class(offer, "PXEClient") ||
         has_class(offer, "HTTPClient");
}

class Chooser {
 public:
  Chooser(std::span<const Offer> offers, const dhcp::ClientFacts& client)
      : offers_(offers), client_(client) {}

  Choice run() {
    name_rivals();
    const auto giver = std::ranges::find(offers_, false, &Offer::is_proxy);
    if (giver != offers_.end()) choice_.address = &*giver;
    choice_.boot = best();
    if (choice_.boot) {
      take(*choice_.boot);
    } else {
      name_ignored();
    }
    complain();
    return choice_;
  }

 private:
  std::vector<const Offer*> usable(bool proxies) const {
    std::vector<const Offer*> found;
    for (const auto& offer : offers_) {
      if (offer.is_proxy() == proxies && counts(offer)) found.push_back(&offer);
    }
    return found;
  }

  /// Whether the firmware looks at what the offer says of booting.
  bool counts(const Offer& offer) const {
    return tells_what_to_boot(offer) && reason_to_ignore(offer, client_).empty();
  }

  /// The order is that of EDK2 (PxeBcSelectDhcp4Offer): a DHCP server that speaks PXE, a proxy, a
  /// plain boot file. iPXE prefers the proxy (usr/autoboot.c).
  const Offer* best() const {
    const auto plain = usable(false);
    const auto proxies = usable(true);
    const bool prefers_proxy =
        client_.is_ipxe || client_.firmware == Firmware::uefi_http || plain.empty();
    const bool speaks_pxe = !plain.empty() && has_class(*plain.front(), "PXEClient");
    if (!proxies.empty() && (prefers_proxy || !speaks_pxe)) return proxies.front();
    return plain.empty() ? nullptr : plain.front();
  }

  void take(const Offer& offer) {
    choice_.file = offer.boot_file();
    choice_.server = offer.packet.siaddr;
    if (is_url(choice_.file)) {
      choice_.way = Way::url;
    } else if (asks_boot_server(offer)) {
      choice_.way = Way::boot_server;
      if (choice_.server.is_unspecified()) choice_.server = offer.server();
    } else {
      choice_.way = Way::tftp;
    }
  }

  /// UEFI asks port 4011 whenever option 60 is there and option 43 doesn't say that the file is
  /// meant (PxeBcRetryBinlOffer); the others only for want of a file.
  bool asks_boot_server(const Offer& offer) const {
    if (!has_class(offer, "PXEClient")) return false;
    if (choice_.file.empty()) return true;
    return client_.firmware == Firmware::uefi && !says_use_the_file(offer);
  }

  void name_ignored() {
    for (const auto& offer : offers_) {
      const auto reason = reason_to_ignore(offer, client_);
      if (reason.empty() || offer.boot_file().empty()) continue;
      add(Fault::offer_ignored, offer, reason);
    }
  }

  void complain() {
    if (offers_.empty()) return;
    if (!choice_.address) add(Fault::no_address, offers_.front());
    if (!choice_.boot && !any_stops_boot(choice_.findings)) {
      add(Fault::no_boot_information, *choice_.address);
    }
    if (choice_.way == Way::tftp && choice_.server.is_unspecified()) {
      add(Fault::next_server_missing, *choice_.boot);
    }
  }

  void add(Fault fault, const Offer& offer, std::string detail = {}) {
    choice_.findings.push_back(
        make_finding(fault, {offer.server().text(), offer.boot_file(), std::move(detail)}));
  }

  void name_rivals() {
    if (!usable(true).empty())
      name_rivals(Fault::two_proxies, [this](const Offer& offer) { return counts(offer); });
    name_rivals(Fault::two_dhcp_servers, std::not_fn(&Offer::is_proxy));
  }

  template <class IsOne>
  void name_rivals(Fault fault, IsOne is_one) {
    std::vector<std::string> servers;
    for (const auto& offer : offers_) {
      const auto name = offer.server().text();
      const bool is_new = std::ranges::find(servers, name) == servers.end();
      if (std::invoke(is_one, offer) && is_new) servers.push_back(name);
    }
    if (servers.size() < 2) return;
    choice_.findings.push_back(
        make_finding(fault, {{}, {}, fmt::format("{}", fmt::join(servers, ", "))}));
  }

  std::span<const Offer> offers_;
  const dhcp::ClientFacts& client_;
  Choice choice_;
};

}  // namespace

wire::IpAddress Offer::server() const {
  return packet.options.address(option::server_identifier).value_or(from);
}

std::string Offer::boot_file() const {
  const auto name = packet.options.text(option::bootfile_name).value_or("");
  return dhcp::printable(wire::as_bytes(name.empty() ? std::string_view(packet.file) : name));
}

Choice choose(std::span<const Offer> offers, const dhcp::ClientFacts& client) {
  return Chooser(offers, client).run();
}

Choice follow(const Choice& asked, const Offer& answer) {
  auto choice = asked;
  choice.boot = &answer;
  choice.file = answer.boot_file();
  if (!answer.packet.siaddr.is_unspecified()) choice.server = answer.packet.siaddr;
  choice.way = choice.file.empty() ? Way::none : is_url(choice.file) ? Way::url : Way::tftp;
  if (choice.way == Way::none) {
    choice.findings.push_back(
        make_finding(Fault::no_boot_information, {answer.server().text(), {}, {}}));
  }
  return choice;
}

std::string boot_url(const Choice& choice) {
  if (choice.way == Way::url) return choice.file;
  const auto path = choice.file.starts_with('/') ? choice.file.substr(1) : choice.file;
  return fmt::format("tftp://{}/{}", choice.server.url_host(), path);
}

Finding silent_boot_server(const Choice& choice) {
  const bool misled = !choice.boot->is_proxy() && !pxe_options(*choice.boot);
  return make_finding(misled ? Fault::option_60_alone : Fault::boot_server_silent,
                      {choice.server.text(), choice.file, {}});
}

}  // namespace pixie::doctor
