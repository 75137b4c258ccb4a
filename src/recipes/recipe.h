// A recipe: how an image of some operating system is recognised, and what boots it. Recipes are data, a small TOML file
// each: see docs/images.md and recipes/ at the project's top.
#pragma once

#include <expected>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "machines/fleet.h"
#include "machines/mistakes.h"
#include "recipes/pattern.h"
#include "script/fit.h"
#include "script/value.h"
#include "wire/diagnostic.h"

namespace pixie::recipes {

/// A line of a file of the image; blanks around it don't count.
struct LinePattern {
  std::string file;
  Pattern line;
};

/// What an image shows. All of it must be there: of the lists `volumes` and `kinds` one.
struct Signs {
  /// As images::kind_name() has them. Empty: an ISO or a folder.
  std::vector<std::string> kinds;
  std::vector<Pattern> volumes;
  /// `bios`, `uefi`: it has an El Torito boot image for these.
  std::vector<std::string> el_torito;
  /// Paths of files or folders, a pattern for each part.
  std::vector<std::vector<Pattern>> files;
  std::vector<LinePattern> lines;

  bool empty() const {
    return kinds.empty() && volumes.empty() && el_torito.empty() && files.empty() && lines.empty();
  }
};

/// One way to boot it. Texts are templates; before, `{{image}}`, `{{iso}}` and the names of facts are filled in.
struct Boot {
  /// Tells its profile from that of the first one: `debian-12-i386`. Boots of one name are alternatives: the first that
  /// the image has is taken.
  std::string name;
  /// For people, behind the recipe's title; may be empty.
  std::string title;
  script::Fit fit;
  /// It is there if the image shows this, and has the files of this server's that it names.
  Signs signs;

  struct Initrd {
    std::string url;
    std::string name = {};
    std::string path = {};
  };
  /// One of `kernel`, `script`, `sanboot`, `chain` is not empty.
  std::string kernel;
  std::vector<Initrd> initrds;
  std::string cmdline;
  std::string script;
  std::string sanboot;
  std::string chain;
  /// Files that the owner must put into the ROM folder.
  std::vector<std::string> needs;
  std::string remark;
};

/// A file of the image with lines `key=value`, made a template that machines fetch at `{{texts}}/NAME`.
struct Text {
  std::string name;
  /// In the image.
  std::string file;
  /// What stands behind these keys instead; a key that is not there is added.
  std::map<std::string, std::string, std::less<>> set;
  /// Texts that are taken out of what stands behind these keys.
  std::map<std::string, std::string, std::less<>> remove;
};

struct Recipe {
  std::string name;
  std::string title;
  /// Lower ones are asked first.
  std::uint32_t rank = 50;
  /// One of them is enough.
  std::vector<Signs> match;
  /// What else it may show, only to learn facts from it.
  std::vector<Signs> facts;
  /// Variables that the owner may set for a machine, with what they are else.
  script::Table vars;
  /// In the order of preference.
  std::vector<Boot> boots;
  std::vector<Text> texts;
  /// The names of all facts that it may learn.
  std::set<std::string, std::less<>> fact_names;
};

/// Reads `recipes/NAME.toml`. Either a recipe, or every mistake with its place.
std::expected<Recipe, std::vector<wire::Diagnostic>> parse_recipe(
    const machines::SourceFile& source);

}  // namespace pixie::recipes
