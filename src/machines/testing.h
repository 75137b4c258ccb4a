// Fleets for tests.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "machines/fleet.h"

namespace pixie::machines::testing {

/// Of a pixie.toml, and texts by name.
inline Sources sources(std::string toml, std::vector<SourceFile> texts = {}) {
  return {.settings = {{"pixie.toml", std::move(toml)}}, .texts = std::move(texts)};
}

/// Without a mistake; else the test fails, and the fleet is empty.
inline std::shared_ptr<const Fleet> load(std::string toml, std::vector<SourceFile> texts = {}) {
  auto fleet = Fleet::load(sources(std::move(toml), std::move(texts)));
  if (fleet) return *fleet;
  for (const auto& mistake : fleet.error()) ADD_FAILURE() << mistake.one_line();
  return std::make_shared<const Fleet>();
}

/// Each as one line.
inline std::vector<std::string> mistakes(const Sources& of) {
  std::vector<std::string> lines;
  const auto fleet = Fleet::load(of);
  if (fleet) return lines;
  for (const auto& mistake : fleet.error()) lines.push_back(mistake.one_line());
  return lines;
}
inline std::vector<std::string> mistakes(std::string toml, std::vector<SourceFile> texts = {}) {
  return mistakes(sources(std::move(toml), std::move(texts)));
}

inline Identity machine_52(std::string_view mac = "52:54:00:12:34:56") {
  Identity identity;
  identity.learn(Fact::mac, mac, Source::observed);
  return identity;
}

}  // namespace pixie::machines::testing
