#include "app/sandbox.h"

#include <fcntl.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <vector>

#include <fmt/format.h>

#include "app/landlock.h"
#include "app/privileges.h"
#include "app/seccomp.h"
#include "net/resolver.h"
#include "net/tls.h"
#include "tree/descriptor.h"

namespace pixie::app {
namespace {

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool sanitized = true;
#elif defined(__has_feature)
constexpr bool sanitized = __has_feature(address_sanitizer) || __has_feature(thread_sanitizer);
#else
constexpr bool sanitized = false;
#endif

/// Whether other servers are asked: for files, or what to boot, or told of boots.
bool asks_others(const Settings& settings) {
  return !settings.mirror.empty() || !settings.upstream.empty() || !settings.web_hook.empty();
}

/// A folder that is a link is there to be switched: to another one beside that to which it leads. Empty if it is none.
std::string neighbourhood(const std::string& folder) {
  std::error_code error;
  // With a slash behind it, it is no link any more.
  const auto name = folder.substr(0, folder.find_last_not_of('/') + 1);
  if (!std::filesystem::is_symlink(name, error)) return "";
  const auto beside = std::filesystem::canonical(folder, error).parent_path();
  return beside == "/" ? "" : beside.string();
}

/// A renewed file is often moved into its place, or is a link to a new one beside the former, elsewhere.
void add_places_of(const std::string& file, std::vector<FileRule>& rules) {
  if (file.empty()) return;
  std::error_code error;
  for (const auto& path :
       {std::filesystem::absolute(file, error), std::filesystem::canonical(file, error)})
    rules.push_back({.path = path.parent_path() == "/" ? path : path.parent_path()});
}

std::vector<FileRule> rules_of(const Settings& settings) {
  const auto& layout = settings.layout;
  std::vector<FileRule> rules{// Who may write into it, may send images.
                              {.path = settings.images, .writable = true},
                              {.path = settings.state, .writable = true},
                              {.path = layout.scripts},
                              {.path = layout.extra},
                              {.path = layout.roms},
                              // SQLite's random numbers
                              {.path = "/dev/urandom"},
                              // /metrics
                              {.path = "/proc/self/statm"}};
  for (const auto& folder : {layout.scripts, layout.extra, layout.roms, settings.images})
    rules.push_back({.path = neighbourhood(folder)});
  if (!settings.mirror.empty()) rules.push_back({.path = settings.mirror_folder, .writable = true});
  for (const auto& file : {settings.tls.certificate, settings.tls.key, settings.tls.clients})
    add_places_of(file, rules);
  if (asks_others(settings)) {
    for (auto& path : net::resolver_files()) rules.push_back({.path = std::move(path)});
    for (auto& path : net::certificate_places()) rules.push_back({.path = std::move(path)});
  }
  return rules;
}

/// A file of /proc is the same one for as long as somebody has it open.
void keep_statm() { std::ignore = open("/proc/self/statm", O_PATH | O_CLOEXEC); }

}  // namespace

SandboxMode sandbox_mode(const Values& values) {
  const auto& text = values.find("sandbox")->second.text;
  if ((text.front() | 0x20) == 's') return SandboxMode::strict;
  return text.size() == 2 ? SandboxMode::on : SandboxMode::off;
}

Expected<Sandbox> enter_sandbox(SandboxMode mode, const Settings& settings,
                                std::vector<std::string> files) {
  Sandbox sandbox;
  if (mode == SandboxMode::off) {
    sandbox.landlock = sandbox.seccomp = "off: --sandbox off";
    sandbox.capabilities = capabilities_in_force();
    return sandbox;
  }
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
    return fail(fmt::format("--sandbox: no_new_privs: {}", std::strerror(errno)));
  if (auto dropped = drop_capabilities(); !dropped) return std::unexpected(dropped.error());
  sandbox.capabilities = capabilities_in_force();
  if (sanitized) {
    sandbox.landlock = sandbox.seccomp = "off: a build with a sanitizer, which needs more";
    return sandbox;
  }
  auto reader = FileReader::start(std::move(files));
  if (!reader) return std::unexpected(reader.error());
  sandbox.files = std::move(*reader);
  if (asks_others(settings)) net::remember_name_servers();
  keep_statm();
  const auto version = confine_to_files(rules_of(settings), asks_others(settings));
  sandbox.landlock =
      version ? fmt::format("{}", *version) : fmt::format("off: {}", version.error().text);
  const bool strict = mode == SandboxMode::strict;
  const auto limited = limit_system_calls(strict);
  sandbox.seccomp = !limited ? fmt::format("off: {}", limited.error().text)
                    : strict ? "kills"
                             : "refuses";
  return sandbox;
}

Expected<void> within_sandbox(const Values& values) {
  for (const auto* name :
       {"scripts", "extra", "roms", "images", "tls-certificate", "tls-key", "tls-clients"}) {
    const auto& path = values.find(name)->second.text;
    // faccessat(2) asks who we are, open(2) the sandbox as well.
    if (faccessat(AT_FDCWD, path.c_str(), R_OK, AT_EACCESS) != 0) continue;
    const tree::Descriptor opened(open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (!opened && errno == EACCES) {
      return fail(
          fmt::format("--{}: the sandbox, which can't be widened, holds what was there and named "
                      "when pixie started, not {}: restart pixie",
                      name, path));
    }
  }
  return {};
}

}  // namespace pixie::app
