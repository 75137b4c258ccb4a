// What a machine boots, and why: one pure function from who asks, what the owner wrote and what was assigned.
#pragma once

#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "machines/fleet.h"
#include "machines/identity.h"
#include "script/value.h"
#include "wire/diagnostic.h"

namespace pixie::machines {

/// What was assigned to a machine by the API. It outlives a restart.
struct Assignment {
  /// Until it is taken back; empty: none.
  std::string profile;
  /// For the next boot only; empty: none.
  std::string once;
  script::Table vars;

  bool operator==(const Assignment&) const = default;
  bool empty() const { return profile.empty() && once.empty() && vars.empty(); }
};

/// Why it is what it is, in the order in which they are asked.
enum class Because : std::uint8_t {
  own_script,  // <mac>.ipxe in the scripts folder
  menu,        // somebody chose it at the machine
  once,        // assigned for one boot
  assigned,    // assigned by the API
  machine,     // its entry in pixie.toml
  upstream,    // another server's answer (--api)
  rule,
  group,           // its group's profile
  default_script,  // default.ipxe
  nothing,
};
std::string_view because_name(Because because);

/// What is known of the other server's answer for a machine (--api).
enum class Upstream : std::uint8_t {
  none,       // there is no other server
  not_asked,  // nobody knows (any more)
  nothing,    // it has nothing for this machine
  script,
};

struct Question {
  const Identity& identity;
  /// Null: nothing is assigned.
  const Assignment* assignment = nullptr;
  bool has_own_script = false;
  bool has_default_script = false;
  /// Chosen in the menu; empty: nothing was.
  std::string_view menu_choice = {};
  Upstream upstream = Upstream::none;
};

struct Decision {
  Because because = Because::nothing;
  /// Null for own_script, upstream, default_script and nothing.
  const Profile* profile = nullptr;
  const Rule* rule = nullptr;
  /// The machine's entry, if it has one, whatever decided.
  const Machine* machine = nullptr;
  /// An assignment, or a menu choice, that could not be followed because no such profile is there (any more): its
  /// name. The decision is what comes next.
  std::string missing_profile = {};
};

/// The decision refers into the fleet, which must outlive it.
Decision decide(const Fleet& fleet, const Question& question);

/// As decide(), told step by step: what was asked, and why it did not decide; the last one did.
struct Step {
  Because because;
  bool decided;
  /// `no file 52-54-00-ab-cd-ef.ipxe`, `rule "rack 1" (pixie.toml:12): arch is arm64, not x86_64`.
  std::string text;
};
std::vector<Step> explain(const Fleet& fleet, const Question& question);

/// The server as the machine reaches it, and this boot: what templates may show beside the machine's own facts.
struct Here {
  /// `http://192.0.2.1` or with a port, without a slash at its end.
  std::string server;
  /// The host alone, as in a URL.
  std::string host;
  /// Where the machine tells that its installation ended.
  std::string callback;
};

/// The names for templates: every known fact under its name (`mac`, `circuit_id`: hyphens become underscores), those
/// that are not known as empty texts, `mac_hyphens`, `server`, `host`, `callback`, `profile`, `groups` (a list), and
/// the variables: of the assignment, the machine, its groups, the rule, the profile, the first that has a name
/// winning; facts and `server` and its like win over all. A machine's `hostname` is the owner's, if pixie.toml has one.
/// All that it is made of must outlive it.
class Variables {
 public:
  Variables(const Identity& identity, const Decision& decision, const Assignment* assignment,
            const Here& here);
  /// The scope points into it.
  Variables(const Variables&) = delete;
  Variables& operator=(const Variables&) = delete;

  const script::Scope& scope() const { return scope_; }

 private:
  script::Table facts_;
  script::Scope scope_;
};

/// The iPXE script that boots the profile. It begins with `#!ipxe` and a remark of what decided and why; a command
/// that fails says so on the machine's screen, waits, and gives the menu its turn again (exit 0).
std::expected<std::string, wire::Diagnostic> boot_script(const Profile& profile,
                                                         const Decision& decision,
                                                         const Variables& variables,
                                                         const Here& here);

/// The URLs that the profile makes the machine fetch, as rendered, each once: those of its keys, and those with a scheme in
/// its command line or script. What iPXE expands (`${…}`) is still in them.
std::expected<std::vector<std::string>, wire::Diagnostic> urls_of(const Profile& profile,
                                                                  const Variables& variables,
                                                                  const Here& here);

}  // namespace pixie::machines
