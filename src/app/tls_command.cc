#include "app/tls_command.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <ostream>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "app/own_address.h"
#include "certificates/authority.h"
#include "tree/descriptor.h"
#include "wire/address.h"

namespace pixie::app {
namespace {

namespace fs = std::filesystem;
using certificates::Authority;
using certificates::Pair;

std::string read_text(const fs::path& file) {
  std::ifstream stream(file);
  return {std::istreambuf_iterator<char>(stream), {}};
}

Expected<void> write_new(const fs::path& file, std::string_view text, mode_t mode) {
  const tree::Descriptor out(
      open(file.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode));
  const bool written =
      out && write(out.number(), text.data(), text.size()) == static_cast<ssize_t>(text.size()) &&
      fsync(out.number()) == 0;
  if (written) return {};
  return fail(
      fmt::format("tls init: {} can't be written: {}", file.native(), std::strerror(errno)));
}

Expected<void> write_pair(const fs::path& folder, const std::string& name, const Pair& pair) {
  // The key first: a certificate without its key is of no use.
  if (auto written = write_new(folder / (name + ".key"), pair.key, 0600); !written) return written;
  return write_new(folder / (name + ".crt"), pair.certificate, 0644);
}

/// The host's name and its addresses by which others reach it.
std::vector<std::string> own_names() {
  std::vector<std::string> names;
  std::array<char, 256> host{};
  if (gethostname(host.data(), host.size() - 1) == 0 && host.front() != '\0')
    names.emplace_back(host.data());
  for (const auto& own : own_addresses()) names.push_back(own.address.text());
  return names;
}

/// The one in the folder, or a new one, which is written there.
Expected<Authority> authority_in(const fs::path& folder) {
  const bool has_certificate = fs::exists(folder / "ca.crt");
  const bool has_key = fs::exists(folder / "ca.key");
  if (has_certificate != has_key)
    return fail(fmt::format("tls init: {} has one of ca.crt and ca.key without the other",
                            folder.native()));
  if (has_key) {
    auto kept = Authority::read({read_text(folder / "ca.crt"), read_text(folder / "ca.key")});
    if (kept) return kept;
    return fail(fmt::format("tls init: ca.crt and ca.key in {} can't be used: {}", folder.native(),
                            kept.error().text));
  }
  auto made = Authority::make("pixie's authority for trying out");
  if (!made) return made;
  if (auto written = write_pair(folder, "ca", made->pair()); !written)
    return std::unexpected(written.error());
  return made;
}

std::string how_to_go_on(const fs::path& folder, const std::vector<std::string>& names,
                         const std::string& fingerprint) {
  const auto path = [&](const char* name) { return fs::absolute(folder / name).native(); };
  const auto address = wire::IpAddress::parse(names.front());
  return fmt::format(R"(In {0}:
  ca.crt, ca.key          the authority; whoever has ca.key can pretend to be any server:
                          keep ca.key elsewhere until you need it again
  server.crt, server.key  for {1}

Serve HTTPS:
  pixie --https 0.0.0.0:443 --tls-certificate {2} --tls-key {3}

Machines must trust ca.crt:
  a ROM that is built with it        make bin-x86_64-efi/snponly.efi TRUST={4}
  a ROM with a certificate of its own, for --tls-clients
                                     make ... CERT=client.crt PRIVKEY=client.key TRUST={4}
  a ROM as it is, on UEFI            enroll ca.crt in the firmware's set-up (TLS CA certificates)
  a ROM that keeps settings (flash)  iPXE> set trust {5}
                                     and start it again: iPXE reads the setting at its start only
  programs                           curl --cacert {4} https://{6}/
See docs/https.md.
)",
                     folder.native(), fmt::join(names, ", "), path("server.crt"),
                     path("server.key"), path("ca.crt"), fingerprint,
                     address ? address->url_host() : names.front());
}

Expected<void> init_in(const fs::path& folder, const std::vector<std::string>& names,
                       std::ostream& out) {
  std::error_code error;
  fs::create_directories(folder, error);
  if (!fs::is_directory(folder))
    return fail(fmt::format("tls init: {} can't be made: {}", folder.native(), error.message()));
  for (const auto* file : {"server.crt", "server.key"}) {
    if (fs::exists(folder / file))
      return fail(fmt::format("tls init: {} is there already; move it away to make a new one",
                              (folder / file).native()));
  }
  const auto authority = authority_in(folder);
  if (!authority) return std::unexpected(authority.error());
  const auto server = authority->sign_server(names);
  if (!server) return fail(fmt::format("tls init: {}", server.error().text));
  if (auto written = write_pair(folder, "server", *server); !written) return written;
  out << how_to_go_on(folder, names, authority->fingerprint());
  return {};
}

}  // namespace

Outcome<void> init_tls(const TlsArguments& arguments, std::ostream& out) {
  const auto names = arguments.names.empty() ? own_names() : arguments.names;
  // What is wrong with the names is told before anything is written.
  if (const auto tried = certificates::check_names(names); !tried)
    return failed(usage, fmt::format("tls init: {}", tried.error().text));
  const auto made = init_in(arguments.folder, names, out);
  if (!made) return failed(failure, made.error().text);
  return {};
}

}  // namespace pixie::app
