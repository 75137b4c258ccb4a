// Distributions whose installers can be fetched from any mirror of theirs (sources/distributions.toml), and what is to
// be fetched for one of their versions.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "wire/error.h"

namespace pixie::sources {

/// A file that says sums of others.
struct Witness {
  /// Below the mirror.
  std::string file;
  /// What the names in it are relative to.
  std::string names;
  /// `inline`, the name of a detached one, or empty.
  std::string signature;
  std::string keyring;
};

struct Source {
  std::string name;
  std::string title;
  /// Code names by version; empty: any version.
  std::map<std::string, std::string> versions;
  /// Their names of architectures by pixie's.
  std::map<std::string, std::string> arches;
  bool apt = false;
  std::string folder;
  std::string kernel;
  std::string initrd;
  std::string cmdline;
  std::string iso;
  bool unlisted = false;
  std::vector<Witness> witnesses;
};

/// Those of the embedded file, in the order of their names. The error names the place of a mistake in `text`.
Expected<std::vector<Source>> parse_sources(std::string_view text);
std::string_view embedded_sources();

/// The source for one version: no `{{version}}`, `{{codename}}` and `{{arch}}` are left in its texts; `name` names the
/// profile: `debian-12`, `debian-12-arm64`. `request` is `debian/12`.
Expected<Source> choose_source(const std::vector<Source>& sources, std::string_view request,
                               std::string_view arch);

/// `{{name}}` becomes `value`.
std::string with(std::string text, std::string_view name, std::string_view value);

}  // namespace pixie::sources
