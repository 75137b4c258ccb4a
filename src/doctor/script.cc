#include "doctor/script.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <optional>
#include <span>

#include <fmt/format.h>

#include "dhcp/architecture.h"

namespace pixie::doctor {
namespace {

constexpr std::size_t max_links = 64;
constexpr std::size_t max_text = 4096;

constexpr std::array fetching{"chain",   "kernel",    "initrd", "module", "imgfetch",
                              "imgload", "imgverify", "boot",   "imgexec"};
constexpr std::array chaining{"chain", "boot", "imgexec"};

std::string_view take_word(std::string_view& text) {
  text.remove_prefix(std::min(text.find_first_not_of(" \t\r"), text.size()));
  const auto word = text.substr(0, text.find_first_of(" \t\r"));
  text.remove_prefix(word.size());
  return word;
}

std::vector<std::string_view> words_of(std::string_view text) {
  std::vector<std::string_view> words;
  for (auto word = take_word(text); !word.empty(); word = take_word(text)) words.push_back(word);
  return words;
}

std::string only_hex(std::string_view value, std::string_view separator) {
  std::string out;
  std::size_t digits = 0;
  for (const char c : value) {
    if (std::isxdigit(static_cast<unsigned char>(c)) == 0) continue;
    if (digits > 0 && digits % 2 == 0) out += separator;
    out += c, ++digits;
  }
  return out;
}

std::string uri_encoded(std::string_view value) {
  std::string out;
  for (const char c : value) {
    const auto byte = static_cast<unsigned char>(c);
    if (std::isalnum(byte) != 0 || std::string_view("-._~/:").contains(c)) {
      out += c;
    } else {
      out += fmt::format("%{:02X}", byte);
    }
  }
  return out;
}

/// The value of `name:type`, or of `net0/name`, which the script's machine has once.
std::optional<std::string> setting(std::string_view reference, const ScriptSettings& settings) {
  const auto colon = reference.find(':');
  auto name = reference.substr(0, colon);
  const auto type =
      colon == std::string_view::npos ? std::string_view() : reference.substr(colon + 1);
  auto found = settings.find(name);
  if (found == settings.end()) {
    const auto slash = name.rfind('/');
    if (slash == std::string_view::npos || !name.starts_with("net")) return std::nullopt;
    found = settings.find(name.substr(slash + 1));
    if (found == settings.end()) return std::nullopt;
  }
  if (type == "hexhyp") return only_hex(found->second, "-");
  if (type == "hexraw") return only_hex(found->second, "");
  if (type == "uristring") return uri_encoded(found->second);
  return found->second;
}

bool holds(std::span<const char* const> names, std::string_view name) {
  return std::ranges::find(names, name) != names.end();
}

/// Reads one script, line by line.
class ScriptReader {
 public:
  ScriptReader(std::string_view base, ScriptSettings& settings)
      : base_(base), settings_(settings) {}

  /// Commands joined by && and ||, each with its own condition; one that is skipped leaves the
  /// outcome as it was (iPXE's core/exec.c). An unknown outcome meets both conditions.
  void line(std::string_view line) {
    std::optional<bool> outcome;
    std::string_view condition;
    while (!line.empty()) {
      const auto [command, joint, rest] = split(line);
      if (!outcome || *outcome == (condition == "&&")) outcome = run(command);
      condition = joint;
      line = rest;
    }
  }

  std::vector<Link> links;

 private:
  struct Parts {
    std::string_view command;
    std::string_view joint;
    std::string_view rest;
  };

  static Parts split(std::string_view line) {
    const auto at = std::min(line.find(" && "), line.find(" || "));
    if (at == std::string_view::npos) return {line, {}, {}};
    return {line.substr(0, at), line.substr(at + 1, 2), line.substr(at + 4)};
  }

  /// Whether the command succeeds, where that can be known.
  std::optional<bool> run(std::string_view command) {
    const auto words = words_of(command);
    if (words.empty() || words[0].starts_with('#')) return std::nullopt;
    if (words[0] == "set" && words.size() > 1) {
      set(words[1], command);
      return true;
    }
    if (words[0] == "clear" && words.size() > 1) {
      settings_[std::string(words[1])].clear();
      return true;
    }
    if (words[0] == "iseq" && words.size() >= 3) return compare(words[1], words[2]);
    if (words[0] == "isset" && words.size() >= 2) return is_set(words[1]);
    if (holds(fetching, words[0])) link(words);
    if (words[0] == "boot" || words[0] == "imgexec") ++boots_;
    return std::nullopt;
  }

  void set(std::string_view name, std::string_view command) {
    const auto value_at = command.find(name) + name.size();
    auto value = command.substr(value_at);
    value.remove_prefix(std::min(value.find_first_not_of(" \t"), value.size()));
    value = value.substr(0, value.find_last_not_of(" \t\r") + 1);
    settings_[std::string(name.substr(0, name.find(':')))] =
        expand(value, settings_).substr(0, max_text);
  }

  std::optional<bool> compare(std::string_view left, std::string_view right) const {
    const auto a = expand(left, settings_);
    const auto b = expand(right, settings_);
    if (a.contains("${") || b.contains("${")) return std::nullopt;
    return a == b;
  }

  std::optional<bool> is_set(std::string_view name) const {
    const auto value = expand(name, settings_);
    return value.contains("${") ? std::nullopt : std::optional(!value.empty());
  }

  /// The first word that is no option and no option's value.
  void link(const std::vector<std::string_view>& words) {
    static constexpr std::array with_value{"-n", "--name", "-t", "--timeout", "-s", "--signer"};
    for (std::size_t i = 1; i < words.size(); ++i) {
      if (holds(with_value, words[i])) {
        ++i;
        continue;
      }
      if (words[i].starts_with('-')) continue;
      add(words[0], expand(words[i], settings_).substr(0, max_text));
      return;
    }
  }

  void add(std::string_view command, const std::string& file) {
    if (links.size() >= max_links || file.empty()) return;
    // `boot` and its like name an image that was loaded before, unless it is a URL.
    if ((command == "boot" || command == "imgexec") && !file.contains("://")) return;
    links.push_back(
        {holds(chaining, command), resolve_url(base_, file), file.contains("${"), boots_});
  }

  std::string_view base_;
  ScriptSettings& settings_;
  unsigned boots_ = 0;
};

}  // namespace

ScriptSettings settings_of(const wire::Mac& mac, std::uint16_t architecture,
                           const wire::IpAddress& address, const wire::IpAddress& next_server) {
  // A ROM for BIOS is built for i386, whatever the processor.
  const auto built_for = dhcp::ipxe_architecture(architecture);
  return {{"mac", mac.colons()},
          {"ip", address.text()},
          {"next-server", next_server.text()},
          {"buildarch", std::string(built_for.empty() ? "i386" : built_for)},
          {"platform", architecture == 0 ? "pcbios" : "efi"},
          {"uuid", ""},
          {"serial", ""},
          {"manufacturer", ""},
          {"product", ""},
          {"asset", ""},
          {"hostname", ""},
          {"ip6", ""}};
}

bool names_machine(std::string_view url, const wire::Mac& mac) {
  return url.contains(mac.hyphens()) || url.contains(mac.colons());
}

const Link* next_script(std::span<const Link> links, const wire::Mac& mac) {
  const Link* first = nullptr;
  for (const auto& link : links) {
    if (!link.is_chain || link.is_vague) continue;
    if (names_machine(link.url, mac)) return &link;
    if (!first) first = &link;
  }
  return first;
}

std::string expand(std::string_view text, const ScriptSettings& settings) {
  std::string out;
  while (!text.empty()) {
    const auto begin = text.find("${");
    out += text.substr(0, begin);
    if (begin == std::string_view::npos) break;
    const auto end = text.find('}', begin);
    if (end == std::string_view::npos) {
      out += text.substr(begin);
      break;
    }
    const auto value = setting(text.substr(begin + 2, end - begin - 2), settings);
    out += value ? std::string_view(*value) : text.substr(begin, end + 1 - begin);
    text.remove_prefix(end + 1);
  }
  return out;
}

std::string resolve_url(std::string_view base, std::string_view reference) {
  if (reference.contains("://") || !base.contains("://")) return std::string(reference);
  const auto path_at = std::min(base.find('/', base.find("://") + 3), base.size());
  if (reference.starts_with('/')) return fmt::format("{}{}", base.substr(0, path_at), reference);
  const auto folder = base.substr(0, base.find('?')).rfind('/') + 1;
  if (folder <= path_at) return fmt::format("{}/{}", base.substr(0, path_at), reference);
  return fmt::format("{}{}", base.substr(0, folder), reference);
}

std::vector<Link> read_script(std::string_view text, std::string_view base,
                              ScriptSettings& settings) {
  ScriptReader reader(base, settings);
  while (!text.empty()) {
    const auto line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(line.size() + 1, text.size()));
    reader.line(line.substr(0, max_text));
  }
  return std::move(reader.links);
}

}  // namespace pixie::doctor
