#include "tree/tree.h"

#include <algorithm>
#include <cerrno>
#include <map>

#include <fmt/format.h>

namespace pixie::tree {
namespace {

std::string lower(std::string_view text) {
  std::string result(text);
  for (auto& c : result) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return result;
}

/// FNV-1a: names the content of a rendered text, nothing more.
std::string content_etag(std::string_view text) {
  std::uint64_t hash = 0xcbf29ce484222325U;
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3U;
  return fmt::format("\"{:x}-{:x}\"", text.size(), hash);
}

/// The settings and templates in the scripts folder, which may hold secrets.
bool is_for_pixie(std::string_view name) {
  return name == "pixie.toml" || name == "pixie.d" || name == "templates";
}

/// `52-54-00-ab-cd-ef.ipxe`, in any spelling of the address.
std::optional<wire::Mac> machine_named_by(std::string_view file) {
  constexpr std::string_view ending = ".ipxe";
  if (!lower(file).ends_with(ending)) return std::nullopt;
  return wire::Mac::parse(file.substr(0, file.size() - ending.size()));
}

std::string script_name(const wire::Mac& machine) { return machine.hyphens() + ".ipxe"; }

Wanted script_of(const wire::Mac& machine) { return {Wanted::What::script, machine, {}}; }

bool is_missing(const Answer& answer) {
  const auto* refusal = std::get_if<Refusal>(&answer);
  return refusal && refusal->reason == Refusal::Reason::not_found;
}

}  // namespace

Tree::Tree(const Layout& layout)
    : layout_(layout), scripts_(layout.scripts), extra_(layout.extra), roms_(layout.roms) {}

void Tree::set_layout(const Layout& layout) {
  auto images = std::move(images_);
  *this = Tree(layout);
  images_ = std::move(images);
}

void Tree::set_images(std::shared_ptr<const images::Images> images) {
  if (images_ && images_->path() == images->folder) return images_->set_images(std::move(images));
  images_.reset();
  if (!images->folder.empty()) images_.emplace(std::move(images));
}

Answer Tree::resolve(const std::string& path) {
  if (path.empty()) return root();
  const auto slash = path.find('/');
  const auto top = path.substr(0, slash);
  const auto rest = slash == std::string::npos ? "" : path.substr(slash + 1);
  auto* folder = top == "ipxe" ? &scripts_ : top == "extra" ? &extra_ : nullptr;
  if (folder && !folder->path().empty()) return resolve_in(*folder, path, rest);
  if (top == "images" && images_) {
    auto answer = images_->resolve(path, rest);
    if (!is_missing(answer)) return answer;
    if (auto found = by_name(path)) return std::move(*found);
    return answer;
  }
  const auto machine =
      top == "ipxe" || top == "profiles" ? machine_named_by(last_component(path)) : std::nullopt;
  if (machine && top == "ipxe") return machine_script(*machine);
  if (machine && rest.contains('/'))
    return Wanted{Wanted::What::script, machine, rest.substr(0, rest.rfind('/'))};
  if (top == "t" && !rest.empty()) return Wanted{Wanted::What::text, std::nullopt, rest};
  if (auto found = by_name(path)) return std::move(*found);
  if (const auto remedy = layout_.catalogue->missing(last_component(path))) {
    return Refusal{Refusal::Reason::rom_missing, *remedy};
  }
  return refusal(ENOENT, path);
}

Answer Tree::resolve_in(Folder& folder, const std::string& path, const std::string& relative) {
  const auto machine = &folder == &scripts_ ? machine_named_by(relative) : std::nullopt;
  if (&folder == &scripts_ && is_for_pixie(relative.substr(0, relative.find('/'))))
    return Refusal{Refusal::Reason::forbidden,
                   fmt::format("{} is for pixie itself and is not served.", path)};
  auto opened = folder.open(relative);
  if (opened && opened->is_folder()) {
    Listing listing{entries(*opened)};
    if (relative.empty() && &folder == &scripts_)
      std::erase_if(listing.entries, [](const auto& entry) { return is_for_pixie(entry.name); });
    return listing;
  }
  if (opened) {
    auto body = file_body(std::move(*opened), Body::Kind::file, path);
    body.machine = machine;
    return body;
  }
  if (opened.error() != ENOENT && opened.error() != ENOTDIR) return refusal(opened.error(), path);
  // Asked for in another spelling, it may be there nevertheless.
  if (machine && relative == script_name(*machine)) return script_of(*machine);
  if (machine) return machine_script(*machine);
  if (auto found = by_name(path)) return std::move(*found);
  return refusal(ENOENT, path);
}

std::optional<Answer> Tree::by_name(std::string_view path) {
  const auto name = lower(last_component(path));
  // iPXE 2 asks for autoexec.ipxe in the folder that its ROM came from, then at the root.
  if (name == "chain.ipxe" || name == "autoexec.ipxe") {
    if (auto own = file_in(scripts_, "chain.ipxe", Body::Kind::chain)) return std::move(*own);
    return Wanted{Wanted::What::menu, std::nullopt, {}};
  }
  // With its folder first: a signed ROM and its shim lie in one of their own (x86_64-sb/).
  auto found = rom(path);
  if (!found) found = rom(name);
  if (!found) return std::nullopt;
  return std::move(*found);
}

Answer Tree::machine_script(const wire::Mac& mac) {
  auto own = own_script(mac);
  if (!own) return script_of(mac);
  if (!*own) return std::move(own->error());
  return std::move(**own);
}

std::optional<OwnerScript> Tree::own_script(const wire::Mac& mac) {
  auto script = script_in(script_name(mac));
  if (script && *script) (*script)->machine = mac;
  return script;
}

std::optional<OwnerScript> Tree::script_in(const std::string& name) {
  if (scripts_.path().empty()) return std::nullopt;
  auto opened = scripts_.open(name);
  if (opened && opened->is_folder()) return std::nullopt;
  if (opened) return file_body(std::move(*opened), Body::Kind::file, name);
  if (opened.error() == ENOENT || opened.error() == ENOTDIR) return std::nullopt;
  return std::unexpected(refusal(opened.error(), name));
}

Body Tree::made(Body::Kind kind, std::string name, std::string text) {
  auto etag = content_etag(text);
  Body body(kind, std::move(text));
  body.etag = std::move(etag);
  body.name = std::move(name);
  return body;
}

Body Tree::no_script(const wire::Mac& mac, const Reached& server) const {
  auto body =
      made(Body::Kind::no_script, script_name(mac), script::no_script_message(mac, host(server)));
  body.machine = mac;
  return body;
}

Body Tree::menu(const Reached& server, script::MenuItems items) const {
  return made(Body::Kind::chain, "chain.ipxe",
              script::chain_script({.host = host(server),
                                    .url = url(server),
                                    .tftp_port = layout_.tftp_port,
                                    .menu_timeout_ms = layout_.menu_timeout_ms,
                                    .items = std::move(items)}));
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

Listing Tree::root() {
  std::map<std::string, Entry> found;
  const auto add_folder = [&](const Folder& folder, const std::string& name) {
    if (!folder.path().empty()) found[name] = {name, true, 0, 0};
  };
  const auto add_body = [&](const std::string& name, const std::optional<Body>& body) {
    if (body) found[name] = {name, false, body->size(), body->modified.value_or(0)};
  };
  add_folder(scripts_, "ipxe");
  add_folder(extra_, "extra");
  if (images_) found["images"] = {"images", true, 0, 0};
  const auto chain = file_in(scripts_, "chain.ipxe", Body::Kind::chain);
  found["chain.ipxe"] = {"chain.ipxe", false, chain ? std::optional(chain->size()) : std::nullopt,
                         chain ? chain->modified.value_or(0) : 0};
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

std::string Tree::host(const Reached& server) const {
  if (!server.name.empty()) return server.name;
  const bool advertised = !layout_.advertised_address.is_unspecified();
  return (advertised ? layout_.advertised_address : server.address).url_host();
}

std::string Tree::url(const Reached& server) const {
  const auto port = server.secure ? layout_.https_port : layout_.http_port;
  const auto usual = server.secure ? 443 : 80;
  return fmt::format("{}://{}{}", server.secure ? "https" : "http", host(server),
                     port == usual ? "" : fmt::format(":{}", port));
}

}  // namespace pixie::tree
