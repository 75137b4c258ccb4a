// The desk: where a machine that asks for its script, a template or the menu is answered. It gathers what is known of
// the machine, lets machines::decide() decide, takes a one-shot from the registry, and renders.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "machines/decide.h"
#include "machines/fleet.h"
#include "machines/identity.h"
#include "machines/roster.h"
#include "registry/registry.h"
#include "script/chain.h"
#include "wire/mac.h"

namespace pixie::desk {

/// What the edge knows of a request.
struct Visit {
  wire::Mac machine;
  /// What the request tells and what was seen on its way.
  machines::Identity who;
  machines::Here here;
  /// The profile that was chosen in the menu; may be empty.
  std::string menu_choice;
  /// Empty: there is none.
  std::function<bool()> has_default_script = {};
  /// A one-shot is used up by this request: not by HEAD.
  bool claims = true;
};

struct Answer {
  enum class Kind : std::uint8_t {
    /// `text` is the script.
    script,
    /// default.ipxe is for it.
    default_script,
    /// Nothing is for it.
    nothing,
    /// It can't be rendered: `text` says where and why, in one line.
    mistake,
  };
  Kind kind = Kind::nothing;
  std::string text = {};
  machines::Because because = machines::Because::nothing;
  std::string profile = {};
  std::string rule = {};
  /// The machine is sent to its own disk.
  bool to_disk = false;
  /// The profile of the one-shot that was taken for this answer: to be given back if it can't be sent whole.
  std::string claimed = {};
};

/// Asks another server what the machine boots; calls back once, from any thread, with its script, or nothing.
using Upstream =
    std::function<void(const wire::Mac&, std::function<void(std::optional<std::string>)>)>;

/// What all desks share. The pointers' objects outlive the desks.
struct Services {
  machines::Roster& roster;
  registry::Registry& registry;
  /// Empty: there is none.
  Upstream upstream;
};

/// Belongs to one loop; its functions are called by that loop's thread.
class Desk {
 public:
  /// Runs a task on the loop's thread; callable from any thread.
  using Post = std::function<void(std::function<void()>)>;
  Desk(const Services& services, Post post);

  void set_fleet(std::shared_ptr<const machines::Fleet> fleet) { fleet_ = std::move(fleet); }
  const machines::Fleet& fleet() const { return *fleet_; }

  /// The machine's script. Calls `done` on the loop's thread: at once, unless a one-shot is to be taken or another
  /// server to be asked.
  void script(Visit visit, std::function<void(Answer)> done);
  /// A file below templates/, rendered for the machine. Nothing: there is no such file.
  std::optional<Answer> text(std::string_view name, const Visit& visit) const;
  /// The items of the menu: the profiles that are to stand in it, and what the machine (if it is known) boots by
  /// itself.
  script::MenuItems menu(const std::optional<Visit>& visit) const;

  /// The answer with this one-shot did not reach its machine.
  void give_back(const wire::Mac& machine, const std::string& profile) const;

 private:
  struct Inquiry;
  static void decide(const std::shared_ptr<Inquiry>& inquiry);
  static void render(const Inquiry& inquiry, const machines::Decision& decision,
                     std::string claimed);
  machines::Here here_for(const Visit& visit, bool wants_callback) const;

  const Services& services_;
  const Post post_;
  std::shared_ptr<const machines::Fleet> fleet_ = std::make_shared<const machines::Fleet>();
};

}  // namespace pixie::desk
