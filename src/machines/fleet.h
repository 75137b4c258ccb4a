// What the owner wrote about machines: profiles, groups, machines and rules from pixie.toml and pixie.d/, with the
// templates that they name. Immutable once loaded; shared by all loops and replaced as a whole.
#pragma once

#include <cstdint>
#include <expected>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <variant>
#include <vector>

#include "machines/identity.h"
#include "script/fit.h"
#include "script/template.h"
#include "script/value.h"
#include "wire/address.h"
#include "wire/diagnostic.h"
#include "wire/mac.h"

namespace pixie::machines {

/// Where something was written.
struct Place {
  std::string file;
  std::size_t line = 0;
  std::size_t column = 0;
};

/// Where a value of pixie.toml stands that is itself a template.
struct ValuePlace {
  /// Of its first character if it is plain, else of the value.
  Place place;
  /// The line of the file.
  std::string excerpt;
  /// It stands in the file letter by letter on one line, so that a column within it is one of the file.
  bool plain = false;

  /// A mistake at the byte `offset` of the value's text.
  wire::Diagnostic diagnose(std::size_t offset, std::string text) const;
  /// What the template says of itself, as a mistake of the file.
  wire::Diagnostic relocate(const wire::Diagnostic& in_template) const;
};

/// A template that stands in pixie.toml: one line of an iPXE script, or a part of it.
struct Phrase {
  script::Template text;
  ValuePlace at;

  /// As Template::render for iPXE, with the place in the file if it fails.
  std::expected<std::string, wire::Diagnostic> render(const script::Scope& scope) const;
};

/// What to boot. Exactly one of the five in pixie.toml: `kernel` (with `initrd`, `cmdline`), `script`, `sanboot`,
/// `chain`, `local = true`. All texts are templates; a URL may be relative to this server (`/extra/linux`).
struct Initrd {
  Phrase url;
  /// What the program that is booted calls it (wimboot: `boot.wim`). Empty: after its URL; it is then named on the
  /// command line for a kernel's sake.
  std::string name = {};
  /// Where in the kernel's initramfs the file is to be; empty: it is an initramfs itself.
  std::string path = {};
};
struct KernelTarget {
  Phrase kernel;
  std::vector<Initrd> initrds;
  std::optional<Phrase> cmdline;
};
struct ScriptTarget {
  /// The file of the scripts folder, rendered as a template.
  script::Template text;
};
struct SanbootTarget {
  Phrase url;
};
struct ChainTarget {
  Phrase url;
};
struct LocalTarget {};
using Target = std::variant<KernelTarget, ScriptTarget, SanbootTarget, ChainTarget, LocalTarget>;

struct Profile {
  std::string name;
  /// For people; the name if none is given.
  std::string title;
  bool menu = false;
  /// The heading in the menu; may be empty.
  std::string menu_group;
  /// The machines that can boot it.
  script::Fit fit;
  Target target;
  script::Table vars;
  Place place;
};

struct Group {
  std::string name;
  std::string profile;  // may be empty
  script::Table vars;
  Place place;
};

struct Machine {
  std::string hostname;
  std::string profile;               // may be empty
  std::vector<const Group*> groups;  // in the order written; the first wins
  script::Table vars;
  Place place;
};

/// A condition on one fact: any of its patterns must match. Conditions of a rule must all hold.
struct Condition {
  /// Nothing: the group is asked for.
  std::optional<Fact> fact;
  /// As written, for people; MAC addresses in lower case with colons, an `oui` as `52:54:00:*`.
  std::vector<std::string> patterns;
  /// For `ip` and `relay`: networks; otherwise empty. Other facts are compared by glob (`*`, `?`), letters in any
  /// case.
  std::vector<wire::Network> networks;
};

struct Rule {
  std::string name;  // `rule 3` if none is written
  std::vector<Condition> conditions;
  std::string profile;
  script::Table vars;
  Place place;
};

/// A text file by its name relative to the scripts folder.
struct SourceFile {
  std::string name;
  std::string content;

  bool operator==(const SourceFile&) const = default;
};

struct Menu {
  std::string title;                             // empty: pixie's own
  std::optional<std::uint32_t> timeout_seconds;  // over --menu-timeout
};

/// A file that is there, or is asked for, but could not be read.
struct UnreadFile {
  std::string name;
  /// The end of a sentence that begins with the name: `is larger than 1 MiB`.
  std::string why;
  /// It is a mistake only if a profile names it.
  bool script = false;
};

/// What pixie itself found out and wrote down in the form of the owner's files: profiles of images.
struct Generated {
  /// Of their tables only `profiles` are read, of those the ones whose name the owner's files don't have.
  std::vector<SourceFile> settings = {};
  /// Templates (`templates/images/…`) and scripts that the profiles name; a file of the owner's of that name wins.
  std::vector<SourceFile> texts = {};

  bool operator==(const Generated&) const = default;
};

/// The files that a fleet is made of.
struct Sources {
  /// pixie.toml, then pixie.d/*.toml in the order of their names.
  std::vector<SourceFile> settings;
  /// Files below templates/, and the scripts that profiles name; found by name.
  std::vector<SourceFile> texts;
  std::vector<UnreadFile> unread = {};
  /// recipes/*.toml: what images are, and what boots them (recipes/cookbook.h). No part of a fleet.
  std::vector<SourceFile> recipes = {};
  Generated generated = {};
};

struct FleetContent;

class Fleet {
 public:
  /// An empty fleet: no profile, no rule.
  Fleet();
  /// Everything is checked: unknown keys (with the nearest known one), types, double names, profiles and groups that
  /// do not exist, scripts and templates that are not there or don't parse, names in templates that nothing defines.
  /// Either a whole fleet, or every mistake that was found, in the order of files and lines.
  static std::expected<std::shared_ptr<const Fleet>, std::vector<wire::Diagnostic>> load(
      const Sources& sources);

  const std::vector<Rule>& rules() const;
  /// By name.
  const std::map<std::string, Profile, std::less<>>& profiles() const;
  const std::map<std::string, Group, std::less<>>& groups() const;
  const std::unordered_map<wire::Mac, Machine>& machines() const;
  const Menu& menu() const;
  /// What files must be that come through the mirror: SHA-256, 64 lower-case hexadecimal digits, by URL, or by path in
  /// the tree.
  const std::map<std::string, std::string, std::less<>>& pins() const;
  /// Null if there is none of that name.
  const Profile* profile(std::string_view name) const;
  const Machine* machine(const wire::Mac& mac) const;
  /// The entry of the machine with the identity's MAC address.
  const Machine* machine_of(const Identity& identity) const;
  /// A file below templates/, by its name there (`preseed.cfg`); null if there is none.
  const script::Template* text(std::string_view name) const;
  std::vector<std::string_view> text_names() const;

  /// The first rule that matches, in time that does not grow with the number of machines, and hardly with that of
  /// rules that name an exact MAC, UUID or serial number. Null: none.
  const Rule* match(const Identity& identity) const;

 private:
  explicit Fleet(std::shared_ptr<const FleetContent> content) : content_(std::move(content)) {}

  std::shared_ptr<const FleetContent> content_;
};

/// Whether one rule matches, and if not, the first condition that does not hold and what it met: for explain.
struct Verdict {
  bool matches = false;
  /// `arch is x86_64, not arm64`, `serial is not known`, `it is not in group web`.
  std::string reason;
};
Verdict examine(const Fleet& fleet, const Rule& rule, const Identity& identity);

/// Why the machine can't boot the profile, as far as its firmware and architecture are known: `is for UEFI, and this
/// machine has a BIOS`. Nothing: it can, or may.
std::optional<std::string> unfit(const Profile& profile, const Identity& identity);
/// Why no machine that the rule matches can boot its profile: `profile win11 is for UEFI, which its conditions rule out`.
std::optional<std::string> unfit(const Fleet& fleet, const Rule& rule);

}  // namespace pixie::machines
