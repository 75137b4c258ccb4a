#include "doctor/fetch.h"

#include <algorithm>
#include <utility>

#include "doctor/image.h"
#include "script/chain.h"

namespace pixie::doctor {
namespace {

using Outcome = Fetch::Outcome;

constexpr const char* no_first_line = "its first line is not #!ipxe";

std::string name_of(const Fetch& fetch) {
  const auto at = fetch.url.find("://");
  const auto path = at == std::string::npos ? std::string::npos : fetch.url.find('/', at + 3);
  const auto name = path == std::string::npos ? fetch.url : fetch.url.substr(path + 1);
  return name.substr(0, name.find('?'));
}

bool is_http(const Fetch& fetch) { return !fetch.url.starts_with("tftp://"); }

}  // namespace

UrlParts split_url(std::string_view url) {
  const auto scheme_end = url.find("://");
  if (scheme_end == std::string_view::npos) return {{}, {}, url};
  const auto rest = url.substr(scheme_end + 3);
  const auto path_at = std::min(rest.find('/'), rest.size());
  return {url.substr(0, scheme_end), rest.substr(0, path_at), rest.substr(path_at)};
}

Fault fault_of(const Fetch& fetch) {
  switch (fetch.outcome) {
    case Fetch::Outcome::unreachable:
      return Fault::server_unreachable;
    case Fetch::Outcome::closed:
      return is_http(fetch) ? Fault::http_closed : Fault::tftp_closed;
    case Fetch::Outcome::refused:
      return is_http(fetch) ? Fault::http_error : Fault::tftp_file_missing;
    case Fetch::Outcome::stalled:
      return is_http(fetch) ? Fault::http_stalled : Fault::tftp_stalled;
    default:
      return is_http(fetch) ? Fault::http_silent : Fault::tftp_silent;
  }
}

Finding finding_of(Fault fault, const Fetch& fetch, const std::string& detail) {
  auto name = name_of(fetch);
  // Within the scripts folder it has no folder.
  if (fault == Fault::script_missing) name.erase(0, name.rfind('/') + 1);
  return make_finding(
      fault, {fetch.server.text(), std::move(name), detail.empty() ? fetch.detail : detail});
}

std::optional<Finding> fault_of_first_script(const Fetch& script, std::string_view rom) {
  const auto content = wire::as_bytes(script.content);
  if (is_script(content)) return std::nullopt;
  const bool again = is_efi_program(content) || (!rom.empty() && script.content.starts_with(rom));
  return finding_of(again ? Fault::rom_loop : Fault::not_a_script, script, no_first_line);
}

std::optional<Finding> fault_of_script(const Fetch& script, bool own) {
  if (script.outcome == Outcome::unchecked) return std::nullopt;
  if (script.outcome == Outcome::refused)
    return finding_of(own ? Fault::script_missing : Fault::file_missing, script);
  if (script.outcome != Outcome::done) return finding_of(fault_of(script), script);
  if (script::is_no_script_message(script.content)) {
    return finding_of(Fault::script_missing, script, "pixie answers with a message that says so");
  }
  if (own && !is_script(wire::as_bytes(script.content)))
    return finding_of(Fault::not_a_script, script, no_first_line);
  return std::nullopt;
}

std::optional<Finding> fault_of_file(const Fetch& file) {
  if (file.outcome == Outcome::done || file.outcome == Outcome::unchecked) return std::nullopt;
  return finding_of(file.outcome == Outcome::refused ? Fault::file_missing : fault_of(file), file);
}

}  // namespace pixie::doctor
