// What the API asks of the server that it is part of, beside the registry.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "api/tokens.h"
#include "http/target.h"
#include "images/image.h"
#include "machines/decide.h"
#include "machines/fleet.h"
#include "machines/roster.h"
#include "mirror/view.h"
#include "roms/catalogue.h"
#include "wire/diagnostic.h"
#include "wire/mac.h"

namespace pixie::api {

/// Of the disk of the images folder.
struct ImageRoom {
  /// Whether pixie may write there.
  bool writable = false;
  /// In bytes, if it is known.
  std::optional<std::uint64_t> free = {};
};

/// What the other server of --api said of a machine.
struct UpstreamAnswer {
  machines::Upstream what = machines::Upstream::none;
  std::string script = {};
};

/// Called from the registry's thread; those of the first part also from the stream's (see Feed). May read files.
class Office {
 public:
  virtual ~Office() = default;

  /// What is in force, never null; and the mistakes of the files that are not.
  virtual std::shared_ptr<const machines::Fleet> fleet() const = 0;
  virtual std::vector<wire::Diagnostic> mistakes() const = 0;
  /// Never null.
  virtual std::shared_ptr<const images::Images> images() const = 0;
  /// Whether the scripts folder has a script of the machine's own.
  virtual bool has_own_script(const wire::Mac& mac) const = 0;

  /// Null: there is no file of tokens.
  virtual std::shared_ptr<const Tokens> tokens() const = 0;
  virtual const machines::Roster& roster() const = 0;
  virtual std::shared_ptr<const roms::Catalogue> catalogue() const = 0;
  /// The text of the machine's own script, and of default.ipxe, or why it can't be served or shown; nothing: there is none.
  virtual std::optional<Expected<std::string>> own_script(const wire::Mac& mac) const = 0;
  virtual std::optional<Expected<std::string>> default_script() const = 0;
  /// As last heard, without asking the other server now.
  virtual UpstreamAnswer upstream(const wire::Mac& mac) const = 0;
  /// The server as this machine would reach it. The callback is left empty.
  virtual machines::Here here(const machines::Identity& machine) const = 0;
  /// Whether this server has something at that path.
  virtual bool has(const http::Target& target) const = 0;
  virtual ImageRoom image_room() const = 0;
  /// Nothing: there is no mirror. Of its files at most a thousand.
  virtual std::optional<mirror::View> mirror() const = 0;
  virtual std::string version() const = 0;
  /// What keeps it from working as it should, a sentence each; none: all is well.
  virtual std::vector<std::string> health_problems() const = 0;
  /// Whether `host` (no address, no port) is a name of this machine, in any case.
  virtual bool is_own_name(std::string_view host) const = 0;
};

}  // namespace pixie::api
