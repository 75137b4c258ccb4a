// The one tree of paths that TFTP and HTTP are two views of: the iPXE ROMs and the chain script at
// its root, `ipxe/` from the scripts folder, `extra/` from the extra folder.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "roms/catalogue.h"
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

using Answer = std::variant<Body, Listing, Refusal>;

/// Belongs to one loop: not shared between threads.
class Tree {
 public:
  explicit Tree(const Layout& layout);

  const Layout& layout() const { return layout_; }

  /// Resolves a path without a leading slash, without `.`, `..` and empty components (the
  /// protocols' own modules make such paths). `server` is the local address that the client
  /// reached.
  Answer resolve(const std::string& path, const wire::IpAddress& server);

 private:
  Answer resolve_in(Folder& folder, const std::string& path, const std::string& relative,
                    const wire::IpAddress& server);
  std::optional<Body> by_name(std::string_view path, const wire::IpAddress& server);
  Body machine_script(const wire::Mac& mac, const wire::IpAddress& server);
  Body chain(const wire::IpAddress& server);
  std::optional<Body> rom(std::string_view name);
  std::optional<Body> file_in(Folder& folder, const std::string& relative, Body::Kind kind);
  Listing root(const wire::IpAddress& server);
  std::string host(const wire::IpAddress& server) const;

  Layout layout_;
  Folder scripts_;
  Folder extra_;
  Folder roms_;
};

}  // namespace pixie::tree
