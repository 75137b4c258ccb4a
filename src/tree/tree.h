// The one tree of paths that TFTP and HTTP are two views of: the iPXE ROMs and the chain script at
// its root, `ipxe/` from the scripts folder, `extra/` from the extra folder; `profiles/NAME/MAC.ipxe`,
// a profile as it was chosen in the menu; `t/NAME`, a template.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "roms/catalogue.h"
#include "script/chain.h"
#include "tree/body.h"
#include "tree/folder.h"
#include "wire/address.h"

namespace pixie::tree {

/// What the tree is made of. Empty folder names: there is no such folder.
struct Layout {
  std::string scripts;
  std::string extra;
  std::string roms;
  std::shared_ptr<const roms::Catalogue> catalogue;
  std::uint32_t menu_timeout_ms = 10'000;
  /// The address and ports that the chain script names. An unspecified address: the one that the
  /// client reached.
  wire::IpAddress advertised_address;
  std::uint16_t http_port = 80;
  std::uint16_t tftp_port = 69;
};

struct Listing {
  std::vector<Entry> entries;
};

struct Refusal {
  enum class Reason : std::uint8_t { not_found, forbidden, rom_missing, unreadable };
  Reason reason;
  /// One sentence for the client and the log.
  std::string text;
};

/// Made for each machine: what its script, a template or the menu says is decided elsewhere.
struct Wanted {
  enum class What : std::uint8_t {
    script,
    /// A file below templates/, by the name `name`.
    text,
    menu,
  };
  What what;
  /// The machine that the path names.
  std::optional<wire::Mac> machine;
  /// The template's name, or the profile that was chosen in the menu.
  std::string name;
};

using Answer = std::variant<Body, Listing, Refusal, Wanted>;

/// Belongs to one loop: not shared between threads.
class Tree {
 public:
  explicit Tree(const Layout& layout);

  const Layout& layout() const { return layout_; }

  /// Resolves a path without a leading slash, without `.`, `..` and empty components (the
  /// protocols' own modules make such paths).
  Answer resolve(const std::string& path);

  /// A machine's own script, which wins over whatever else is for it; default.ipxe.
  std::optional<Body> own_script(const wire::Mac& mac);
  std::optional<Body> default_script();
  /// What was made for a machine, as a body. `name`: what the content type follows from.
  static Body made(Body::Kind kind, std::string name, std::string text);
  /// The message for a machine that nothing is for.
  Body no_script(const wire::Mac& mac, const wire::IpAddress& server) const;
  /// The menu with these items.
  Body menu(const wire::IpAddress& server, script::MenuItems items) const;
  /// Where a client reaches this server: the host of its URLs, and the URL itself without a slash at its end.
  std::string host(const wire::IpAddress& server) const;
  std::string url(const wire::IpAddress& server) const;

 private:
  Answer resolve_in(Folder& folder, const std::string& path, const std::string& relative);
  std::optional<Answer> by_name(std::string_view path);
  Answer machine_script(const wire::Mac& mac);
  std::optional<Body> rom(std::string_view name);
  std::optional<Body> file_in(Folder& folder, const std::string& relative, Body::Kind kind);
  Listing root();

  Layout layout_;
  Folder scripts_;
  Folder extra_;
  Folder roms_;
};

}  // namespace pixie::tree
