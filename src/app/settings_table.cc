#include "app/settings_table.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <iterator>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "app/dhcp_settings.h"
#include "app/settings.h"
#include "mirror/allow_list.h"
#include "wire/suggest.h"

namespace pixie::app {
namespace {

constexpr std::array<std::string_view, 4> levels{"ERROR", "WARNING", "INFO", "DEBUG"};
constexpr std::array<std::string_view, 2> formats{"logfmt", "json"};
constexpr std::array<std::string_view, 3> dhcp_modes{"off", "proxy", "server"};
constexpr std::array<std::string_view, 3> sandboxes{"off", "on", "strict"};

constexpr std::array table{
    Setting{.name = "tftp",
            .letter = 't',
            .type = Type::endpoints,
            .placeholder = "ADDR[,ADDR...]",
            .fallback = "0.0.0.0:69",
            .environment = "TFTP",
            .help = "Where to serve TFTP: ADDRESS:PORT. [::]:69 is IPv6 and IPv4."},
    Setting{.name = "http",
            .letter = 'u',
            .type = Type::endpoints,
            .placeholder = "ADDR[,ADDR...]",
            .fallback = "0.0.0.0:80",
            .environment = "HTTP",
            .help = "Where to serve HTTP: ADDRESS:PORT. [::]:80 is IPv6 and IPv4."},
    Setting{.name = "https",
            .type = Type::endpoints,
            .placeholder = "ADDR[,ADDR...]",
            .help = "Where to serve HTTPS, beside HTTP: ADDRESS:PORT, the port being 443 unless it "
                    "is given. Needs --tls-certificate; see docs/https.md."},
    Setting{.name = "tls-certificate",
            .type = Type::text,
            .placeholder = "FILE",
            .help = "The certificate to serve HTTPS with, and those between it and its authority "
                    "(PEM). Read again when it changes.",
            .reloadable = true},
    Setting{.name = "tls-key",
            .type = Type::text,
            .placeholder = "FILE",
            .help = "The certificate's private key (PEM, without a password); in the certificate's "
                    "file unless it is given.",
            .reloadable = true},
    Setting{.name = "tls-clients",
            .type = Type::text,
            .placeholder = "FILE",
            .help = "Serve HTTPS only to clients that have a certificate of one of the authorities "
                    "in this file (PEM).",
            .reloadable = true},
    Setting{
        .name = "scripts",
        .letter = 'd',
        .type = Type::text,
        .placeholder = "DIR",
        .environment = "SCRIPTS",
        .help =
            "The folder of iPXE scripts, served as /ipxe/. A machine's own script is named after "
            "its MAC "
            "address: 52-54-00-12-34-56.ipxe. default.ipxe is for machines without one; chain.ipxe "
            "replaces the menu.",
        .reloadable = true},
    Setting{.name = "extra",
            .letter = 'e',
            .type = Type::text,
            .placeholder = "DIR",
            .environment = "EXTRA",
            .help = "A folder of anything else (kernels, initrds, images), served as /extra/.",
            .reloadable = true},
    Setting{.name = "images",
            .type = Type::text,
            .placeholder = "DIR",
            .help =
                "A folder of images (.iso, .img, .efi, .wim, or unpacked) to boot from, served as "
                "/images/: debian-12.iso also as /images/debian-12/ with the files in it. images/ "
                "in the scripts folder, if it is there, unless another one is named.",
            .reloadable = true},
    Setting{
        .name = "roms",
        .type = Type::text,
        .placeholder = "DIR",
        .help =
            "A folder of ROMs that add to, or replace, those inside pixie; see pixie roms import.",
        .reloadable = true},
    Setting{
        .name = "menu-timeout",
        .type = Type::number,
        .placeholder = "SECONDS",
        .fallback = "10",
        .min = 0,
        .max = 86'400,
        .help =
            "How long the menu waits before it boots the machine's own script; 0 waits for ever.",
        .reloadable = true},
    Setting{.name = "advertise",
            .type = Type::address,
            .placeholder = "ADDR",
            .help = "The address that the menu tells machines to use, if it is not the one by "
                    "which they reached "
                    "pixie (containers, address translation).",
            .reloadable = true},
    Setting{
        .name = "tftp-single-port",
        .type = Type::flag,
        .fallback = "false",
        .help =
            "Send all TFTP packets from the listening port, for networks that translate addresses "
            "(containers, Kubernetes)."},
    Setting{
        .name = "tftp-max-blksize",
        .type = Type::number,
        .placeholder = "BYTES",
        .fallback = "65464",
        .min = 512,
        .max = 65'464,
        .help =
            "The largest TFTP block to agree to (RFC 2348); the interface's MTU limits it too."},
    Setting{.name = "tftp-max-windowsize",
            .type = Type::number,
            .placeholder = "BLOCKS",
            .fallback = "64",
            .min = 1,
            .max = 65'535,
            .help = "The largest TFTP window to agree to (RFC 7440)."},
    Setting{.name = "tftp-amplification",
            .type = Type::number,
            .placeholder = "FACTOR",
            .fallback = "4",
            .min = 0,
            .max = 100,
            .help =
                "Bytes that TFTP repeats to an address that never answers, as a multiple of its "
                "request's: forged requests must not be worth their while."},
    Setting{.name = "tftp-unconfirmed",
            .type = Type::number,
            .placeholder = "COUNT",
            .fallback = "50",
            .min = 0,
            .max = 1'000'000,
            .help = "TFTP requests without options that each thread answers to one address while "
                    "none is confirmed: at once, and again each second. 0: no limit."},
    Setting{.name = "tftp-no-options",
            .type = Type::networks,
            .placeholder = "NET[,NET...]",
            .help = "Clients (ADDRESS or ADDRESS/BITS) that get no TFTP options, because their "
                    "firmware can't deal with "
                    "the answer: plain blocks of 512 bytes."},
    Setting{.name = "dhcp",
            .type = Type::choice,
            .placeholder = "MODE",
            .fallback = "off",
            .choices = dhcp_modes,
            .help = "proxy: tell boot clients their file, beside the network's own DHCP server. "
                    "server: give addresses as well, on a network without a DHCP server. off: your "
                    "own DHCP server tells (see pixie dhcp-config)."},
    Setting{.name = "interface",
            .type = Type::names,
            .placeholder = "NAME[,NAME...]",
            .help = "Where to answer DHCP; all interfaces with an IPv4 address but loopback unless "
                    "it is given."},
    Setting{.name = "dhcp-range",
            .type = Type::ranges,
            .placeholder = "FIRST-LAST[/LEASE]",
            .help = "The addresses to give in server mode, such as 10.0.0.100-10.0.0.200/12h; "
                    "several separated by commas. For a network behind a relay its bits stand "
                    "behind FIRST: 10.9.0.10/24-10.9.0.99."},
    Setting{.name = "dhcp-router",
            .type = Type::address,
            .placeholder = "ADDR",
            .help = "The router to tell clients in server mode. Behind a relay it is the relay "
                    "unless this address lies in the same network."},
    Setting{.name = "dhcp-dns",
            .type = Type::addresses,
            .placeholder = "ADDR[,ADDR...]",
            .help = "The name servers to tell clients in server mode."},
    Setting{.name = "dhcp-domain",
            .type = Type::text,
            .placeholder = "NAME",
            .help = "The domain name to tell clients in server mode."},
    Setting{.name = "dhcp-reservations",
            .type = Type::reservations,
            .placeholder = "MAC=ADDR[=NAME][,...]",
            .help =
                "Addresses, and host names, of known machines in server mode. In the configuration "
                "file rather as [[reservation]] tables with mac, address and hostname."},
    Setting{.name = "dhcp-range6",
            .type = Type::range6,
            .placeholder = "PREFIX",
            .help = "The IPv6 addresses to give in server mode, such as fd00:1::/64 or "
                    "fd00:1::100-fd00:1::1ff; without it "
                    "only boot options are given over DHCPv6."},
    Setting{.name = "dhcp-force",
            .type = Type::flag,
            .fallback = "false",
            .help = "Serve addresses although another DHCP server answers on the same wire."},
    Setting{.name = "state",
            .type = Type::text,
            .placeholder = "DIR",
            .fallback = "/var/lib/pixie",
            .help = "Where leases, the machines that were seen, what is assigned to them and the "
                    "history of their boots are kept; made if it is not there."},
    Setting{.name = "api-tokens",
            .type = Type::text,
            .placeholder = "FILE",
            .help = "Who may use the API: lines of TOKEN SCOPE [NAME], the scope being read or "
                    "write. Without it everybody may read, and programs on this machine may "
                    "write."},
    Setting{.name = "api",
            .type = Type::url,
            .placeholder = "URL",
            .help = "Ask this server what a machine boots (GET URL/v1/boot/MAC, as Pixiecore "
                    "does), before the rules."},
    Setting{.name = "webhook",
            .type = Type::url,
            .placeholder = "URL",
            .help = "Tell this URL of each step of each boot, by POST."},
    Setting{.name = "mirror",
            .type = Type::hosts,
            .placeholder = "HOST[,HOST...]",
            .help = "Hosts whose files machines get by way of pixie, which keeps them: "
                    "/mirror/https/HOST/PATH, or with http. HOST, HOST:PORT, or *.DOMAIN; none "
                    "unless it is given."},
    Setting{.name = "mirror-dir",
            .type = Type::text,
            .placeholder = "DIR",
            .help = "Where the mirror keeps files; the folder mirror in that of --state unless it "
                    "is given."},
    Setting{.name = "mirror-size",
            .type = Type::size,
            .placeholder = "SIZE",
            .fallback = "20G",
            .help = "How much the mirror may keep, such as 500M or 2T; what was not used for "
                    "longest goes for what is new."},
    Setting{.name = "max-transfers",
            .type = Type::number,
            .placeholder = "COUNT",
            .fallback = "0",
            .min = 0,
            .max = 1'000'000,
            .help = "Files of 256 KiB and more that are sent over HTTP at once; machines beyond "
                    "are told to come again in some seconds. 0: no limit."},
    Setting{.name = "drain",
            .type = Type::number,
            .placeholder = "SECONDS",
            .fallback = "2",
            .min = 0,
            .max = 3600,
            .help = "How long transfers under way may go on once pixie is told to stop; told "
                    "again, it ends at once."},
    Setting{.name = "threads",
            .type = Type::number,
            .placeholder = "COUNT",
            .fallback = "0",
            .min = 0,
            .max = 256,
            .help = "Threads that serve; 0 is one for each processor."},
    Setting{.name = "user",
            .type = Type::text,
            .placeholder = "NAME",
            .fallback = "nobody",
            .help = "Started as root, pixie becomes this user once its ports are open. It stays "
                    "root, and says so, "
                    "if nobody (the default) can't read a folder that is served."},
    Setting{.name = "sandbox",
            .type = Type::choice,
            .placeholder = "MODE",
            .fallback = "on",
            .choices = sandboxes,
            .help = "Once its ports are open, let pixie do only what it needs: no capabilities, no "
                    "folders but those that are named, few system calls. strict: a system call "
                    "that is not allowed ends it, instead of failing. See docs/security.md."},
    Setting{.name = "verbosity",
            .letter = 'v',
            .type = Type::choice,
            .placeholder = "LEVEL",
            .fallback = "INFO",
            .environment = "LEVEL",
            .choices = levels,
            .help = "What to log: INFO has a line for each finished transfer and request.",
            .reloadable = true},
    Setting{.name = "log-format",
            .type = Type::choice,
            .placeholder = "FORMAT",
            .fallback = "logfmt",
            .choices = formats,
            .help = "How to write the log (to standard error)."},
};

std::string upper(std::string_view text) {
  std::string result(text);
  std::ranges::transform(result, result.begin(), [](char c) {
    return c == '-' ? '_' : c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  });
  return result;
}

Expected<void> check_number(const Setting& setting, std::string_view text) {
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.begin(), text.end(), number);
  if (error == std::errc{} && end == text.end() && number >= setting.min && number <= setting.max)
    return {};
  return fail(fmt::format("expected a whole number from {} to {}", setting.min, setting.max));
}

/// What a parser says of a text, without what it parsed.
template <class Result>
Expected<void> verdict(const Expected<Result>& result) {
  if (!result) return std::unexpected(result.error());
  return {};
}

}  // namespace

bool is_list(Type type) {
  switch (type) {
    case Type::endpoints:
    case Type::networks:
    case Type::addresses:
    case Type::names:
    case Type::hosts:
    case Type::ranges:
    case Type::reservations:
      return true;
    default:
      return false;
  }
}

std::span<const Setting> settings_table() { return table; }

const Setting* find_setting(std::string_view name) {
  const auto found = std::ranges::find(table, name, &Setting::name);
  return found == table.end() ? nullptr : &*found;
}

std::string suggestion(std::string_view mistyped) {
  std::vector<std::string_view> names;
  std::ranges::transform(settings_table(), std::back_inserter(names), &Setting::name);
  return wire::suggestion(mistyped, names);
}

std::string environment_name(const Setting& setting) {
  return "PIXIE_" +
         (setting.environment.empty() ? upper(setting.name) : std::string(setting.environment));
}

Expected<void> check_value(const Setting& setting, std::string_view text) {
  switch (setting.type) {
    case Type::text:
    case Type::names:
      if (text.contains('\0')) return fail("a NUL byte can't be in a name");
      return {};
    case Type::hosts:
      return verdict(mirror::AllowList::parse(text));
    case Type::size:
      if (parse_size(text)) return {};
      return fail("expected a size such as 500M, 20G or 2T");
    case Type::endpoints:
      if (text.empty() && setting.fallback.empty()) return {};
      if (!parse_endpoints(text, 0))
        return fail("expected ADDRESS:PORT, such as 0.0.0.0:69 or [::]:69");
      return {};
    case Type::networks:
      if (!parse_networks(text))
        return fail("expected ADDRESS or ADDRESS/BITS, such as 192.0.2.0/24");
      return {};
    case Type::url:
      if (text.empty()) return {};
      return verdict(http::Url::parse(text));
    case Type::address:
      if (text.empty() || wire::IpAddress::parse(text)) return {};
      return fail("expected an IP address");
    case Type::addresses:
      return verdict(parse_addresses(text));
    case Type::ranges:
      return verdict(parse_ranges(text));
    case Type::range6:
      if (text.empty()) return {};
      return verdict(dhcp::Range6::parse(text));
    case Type::reservations:
      return verdict(parse_reservations(text));
    case Type::number:
      return check_number(setting, text);
    case Type::flag:
      if (text == "true" || text == "false") return {};
      return fail("expected true or false");
    case Type::choice:
      if (std::ranges::any_of(setting.choices,
                              [&](auto choice) { return upper(choice) == upper(text); }))
        return {};
      return fail(fmt::format("expected one of {}", fmt::join(setting.choices, ", ")));
  }
  return {};
}

}  // namespace pixie::app
