// The one tree of paths that TFTP and HTTP are two views of: the iPXE ROMs and the chain script at
// its root, `ipxe/` from the scripts folder, `extra/` from the extra folder, `images/` from the images
// folder; `profiles/NAME/MAC.ipxe`, a profile as it was chosen in the menu; `t/NAME`, a template.
//
// Below `images/`, `debian-12.iso` is the file itself and `debian-12/…` what is in it.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "roms/catalogue.h"
#include "script/chain.h"
#include "tree/answer.h"
#include "tree/body.h"
#include "tree/folder.h"
#include "tree/image_folder.h"
#include "wire/address.h"

namespace pixie::tree {

/// How a client reached this server, from which follow the URLs that it is told.
struct Reached {
  wire::IpAddress address;
  /// By HTTPS.
  bool secure = false;
  /// The name that it asked for by HTTPS (letters, digits, hyphens and dots), for which the certificate is; may be empty.
  std::string name = {};
};

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
  std::uint16_t https_port = 443;
  std::uint16_t tftp_port = 69;
};

/// Belongs to one loop: not shared between threads.
class Tree {
 public:
  explicit Tree(const Layout& layout);

  const Layout& layout() const { return layout_; }
  /// The settings were read again. The images stay.
  void set_layout(const Layout& layout);
  /// The images from now on; until then there are none.
  void set_images(std::shared_ptr<const images::Images> images);

  /// Resolves a path without a leading slash, without `.`, `..` and empty components (the
  /// protocols' own modules make such paths).
  Answer resolve(const std::string& path);

  /// A machine's own script, which wins over whatever else is for it; default.ipxe. Nothing: there is none.
  std::optional<OwnerScript> own_script(const wire::Mac& mac);
  std::optional<OwnerScript> default_script() { return script_in("default.ipxe"); }
  /// What was made for a machine, as a body. `name`: what the content type follows from.
  static Body made(Body::Kind kind, std::string name, std::string text);
  /// The message for a machine that nothing is for.
  Body no_script(const wire::Mac& mac, const Reached& server) const;
  /// The menu with these items.
  Body menu(const Reached& server, script::MenuItems items) const;
  /// Where a client reaches this server: the host of its URLs, and the URL itself without a slash at its end.
  std::string host(const Reached& server) const;
  std::string url(const Reached& server) const;

 private:
  Answer resolve_in(Folder& folder, const std::string& path, const std::string& relative);
  std::optional<Answer> by_name(std::string_view path);
  Answer machine_script(const wire::Mac& mac);
  std::optional<Body> rom(std::string_view name);
  std::optional<OwnerScript> script_in(const std::string& name);
  std::optional<Body> file_in(Folder& folder, const std::string& relative, Body::Kind kind);
  Listing root();

  Layout layout_;
  Folder scripts_;
  Folder extra_;
  Folder roms_;
  std::optional<ImageFolder> images_;
};

}  // namespace pixie::tree
