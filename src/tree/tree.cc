#include "tree/tree.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <map>

#include <fmt/format.h>

#include "script/chain.h"

namespace pixie::tree {
namespace {

std::string lower(std::string_view text) {
  std::string result(text);
  for (auto& c : result) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return result;
}

std::string_view last_component(std::string_view path) {
  const auto slash = path.rfind('/');
  return slash == std::string_view::npos ? path : path.substr(slash + 1);
}

/// FNV-1a: names the content of a rendered text, nothing more.
std::string content_etag(std::string_view text) {
  std::uint64_t hash = 0xcbf29ce484222325U;
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3U;
  return fmt::format("\"{:x}-{:x}\"", text.size(), hash);
}

Body rendered(Body::Kind kind, std::string name, std::string text) {
  auto etag = content_etag(text);
  Body body(kind, std::move(text));
  body.etag = std::move(etag);
  body.name = std::move(name);
  return body;
}

Body file_body(Opened opened, Body::Kind kind, std::string_view path) {
  const auto& status = opened.status;
  const auto size = static_cast<std::uint64_t>(status.st_size);
  Body body(kind, FileRange{.file = std::move(opened.file), .offset = 0, .length = size});
  body.etag = fmt::format("\"{:x}-{:x}-{:x}.{:x}\"", status.st_ino, size, status.st_mtim.tv_sec,
                          status.st_mtim.tv_nsec);
  body.modified = status.st_mtim.tv_sec;
  body.name = last_component(path);
  return body;
}

Refusal refusal(int error, const std::string& path) {
  using enum Refusal::Reason;
  switch (error) {
    case ENOENT:
    case ENOTDIR:
    case ENAMETOOLONG:
      return {not_found, fmt::format("There is no {} here.", path)};
    case EXDEV:
    case ELOOP:
      return {forbidden,
              fmt::format("{} is a symbolic link that leads out of its folder (or is absolute); "
                          "only links within the folder are followed.",
                          path)};
    case EACCES:
    case EPERM:
      return {forbidden, fmt::format("{} may not be read by the user that pixie runs as.", path)};
    case EINVAL:
    case ENXIO:  // a socket
    case ENODEV:
      return {forbidden, fmt::format("{} is neither a file nor a folder.", path)};
    default:
      return {unreadable, fmt::format("{} can't be read: {}.", path, std::strerror(error))};
  }
}

/// `52-54-00-ab-cd-ef.ipxe`, in any spelling of the address.
std::optional<wire::Mac> machine_named_by(std::string_view file) {
  constexpr std::string_view ending = ".ipxe";
  if (!lower(file).ends_with(ending)) return std::nullopt;
  return wire::Mac::parse(file.substr(0, file.size() - ending.size()));
}

}  // namespace

Tree::Tree(const Layout& layout)
    : layout_(layout), scripts_(layout.scripts), extra_(layout.extra), roms_(layout.roms) {}

Answer Tree::resolve(const std::string& path, const wire::IpAddress& server) {
  if (path.empty()) return root(server);
  const auto slash = path.find('/');
  const auto top = path.substr(0, slash);
  auto* folder = top == "ipxe" ? &scripts_ : top == "extra" ? &extra_ : nullptr;
  if (folder && !folder->path().empty()) {
    return resolve_in(*folder, path, slash == std::string::npos ? "" : path.substr(slash + 1),
                      server);
  }
  const auto machine = top == "ipxe" ? machine_named_by(last_component(path)) : std::nullopt;
  if (machine) return machine_script(*machine, server);
  if (auto body = by_name(path, server)) return std::move(*body);
  if (const auto remedy = layout_.catalogue->missing(last_component(path))) {
    return Refusal{Refusal::Reason::rom_missing, *remedy};
  }
  return refusal(ENOENT, path);
}

Answer Tree::resolve_in(Folder& folder, const std::string& path, const std::string& relative,
                        const wire::IpAddress& server) {
  const auto machine = &folder == &scripts_ ? machine_named_by(relative) : std::nullopt;
  auto opened = folder.open(relative);
  if (opened && opened->is_folder()) return Listing{entries(*opened)};
  if (opened) {
    auto body = file_body(std::move(*opened), Body::Kind::file, path);
    body.machine = machine;
    return body;
  }
  if (opened.error() != ENOENT && opened.error() != ENOTDIR) return refusal(opened.error(), path);
  if (machine) return machine_script(*machine, server);
  if (auto body = by_name(path, server)) return std::move(*body);
  return refusal(ENOENT, path);
}

std::optional<Body> Tree::by_name(std::string_view path, const wire::IpAddress& server) {
  const auto name = lower(last_component(path));
  // iPXE 2 asks for autoexec.ipxe in the folder that its ROM came from, then at the root.
  if (name == "chain.ipxe" || name == "autoexec.ipxe") return chain(server);
  // With its folder first: a signed ROM and its shim lie in one of their own (x86_64-sb/).
  if (auto whole = rom(path)) return whole;
  return rom(name);
}

Body Tree::machine_script(const wire::Mac& mac, const wire::IpAddress& server) {
  for (const auto& candidate : {mac.hyphens() + ".ipxe", std::string("default.ipxe")}) {
    if (auto body = file_in(scripts_, candidate, Body::Kind::file)) {
      body->machine = mac;
      return std::move(*body);
    }
  }
  auto message = rendered(Body::Kind::no_script, mac.hyphens() + ".ipxe",
                          script::no_script_message(mac, host(server)));
  message.machine = mac;
  return message;
}

Body Tree::chain(const wire::IpAddress& server) {
  if (auto own = file_in(scripts_, "chain.ipxe", Body::Kind::chain)) return std::move(*own);
  return rendered(Body::Kind::chain, "chain.ipxe",
                  script::chain_script({.host = host(server),
                                        .http_port = layout_.http_port,
                                        .tftp_port = layout_.tftp_port,
                                        .menu_timeout_ms = layout_.menu_timeout_ms}));
}

std::optional<Body> Tree::rom(std::string_view name) {
  const auto* found = layout_.catalogue->find(name);
  if (!found) return std::nullopt;
  if (!found->overlay_file.empty()) return file_in(roms_, found->overlay_file, Body::Kind::rom);
  const auto& embedded = *found->rom;
  Body body(Body::Kind::rom, embedded.bytes);
  body.etag = fmt::format("\"{}\"", embedded.sha256.substr(0, 32));
  body.name = embedded.name;
  return body;
}

std::optional<Body> Tree::file_in(Folder& folder, const std::string& relative, Body::Kind kind) {
  if (folder.path().empty()) return std::nullopt;
  auto opened = folder.open(relative);
  if (!opened || opened->is_folder()) return std::nullopt;
  return file_body(std::move(*opened), kind, relative);
}

Listing Tree::root(const wire::IpAddress& server) {
  std::map<std::string, Entry> found;
  const auto add_folder = [&](const Folder& folder, const std::string& name) {
    if (!folder.path().empty()) found[name] = {name, true, 0, 0};
  };
  const auto add_body = [&](const std::string& name, const std::optional<Body>& body) {
    if (body) found[name] = {name, false, body->size(), body->modified.value_or(0)};
  };
  add_folder(scripts_, "ipxe");
  add_folder(extra_, "extra");
  add_body("chain.ipxe", chain(server));
  for (const auto& known : layout_.catalogue->known()) {
    if (known.embedded()) add_body(std::string(known.name), rom(known.name));
  }
  for (const auto& file : layout_.catalogue->overlay_files()) {
    if (!file.contains('/')) add_body(file, file_in(roms_, file, Body::Kind::rom));
  }
  Listing listing;
  for (auto& [name, entry] : found) listing.entries.push_back(std::move(entry));
  return listing;
}

std::string Tree::host(const wire::IpAddress& server) const {
  const bool advertised = !layout_.advertised_address.is_unspecified();
  return (advertised ? layout_.advertised_address : server).url_host();
}

}  // namespace pixie::tree
