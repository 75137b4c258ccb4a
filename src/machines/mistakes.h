// The mistakes of all files that a fleet is made of, gathered while it is loaded.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "machines/fleet.h"
#include "wire/diagnostic.h"
#include "wire/toml.h"

namespace pixie::machines {

/// A settings file by lines. toml++ counts columns in characters; here they are bytes. The source must outlive it.
class TomlFile {
 public:
  explicit TomlFile(const SourceFile& source);

  const std::string& name() const { return source_->name; }
  const std::string& content() const { return source_->content; }
  Place place(const toml::source_position& at) const;
  /// From 1, without its newline; empty if there is none.
  std::string_view line(std::size_t number) const;
  /// The offset of a place in the content.
  std::size_t offset(const Place& place) const;

 private:
  const SourceFile* source_;
  std::vector<std::size_t> line_starts_;
};

class Mistakes {
 public:
  void add(const TomlFile& file, const toml::source_position& at, std::string text);
  void add(wire::Diagnostic mistake);

  bool empty() const { return found_.empty(); }
  /// wire::suggestion(), but nothing once there are more mistakes than will be told: it is slow.
  std::string suggestion(std::string_view mistyped, std::span<const std::string_view> names) const;
  /// In the order of files (`settings` first) and lines. Those beyond the limit are counted in a last one.
  std::vector<wire::Diagnostic> sorted(const std::vector<SourceFile>& settings) &&;

  static constexpr std::size_t limit = 1000;
  /// A longer line is no excerpt for people.
  static constexpr std::size_t excerpt_limit_bytes = 500;

 private:
  std::vector<wire::Diagnostic> found_;
  std::size_t left_out_ = 0;
};

}  // namespace pixie::machines
