// How far a download is, for people: a bar that is drawn anew on a terminal, a line at its end elsewhere.
#pragma once

#include <chrono>
#include <cstdint>
#include <iosfwd>
#include <optional>
#include <string>

namespace pixie::app {

class Progress {
 public:
  /// `terminal`: `out` is one.
  Progress(std::ostream& out, std::string name, bool terminal);

  /// So many bytes are here; `total`, if it is known, in all. Draws ten times a second at most.
  void show(std::uint64_t bytes, std::optional<std::uint64_t> total);
  /// The same for what is told in other words than bytes.
  void show(const std::string& text);
  /// Ends the line: what came of it.
  void end(const std::string& text);

 private:
  void draw(const std::string& line);

  std::ostream& out_;
  const std::string name_;
  const bool terminal_;
  const std::chrono::steady_clock::time_point began_;
  std::chrono::steady_clock::time_point drawn_{};
  std::size_t width_ = 0;
};

/// `12.3 MB`: powers of 1000, three digits before the unit at most.
std::string size_text(std::uint64_t bytes);

}  // namespace pixie::app
