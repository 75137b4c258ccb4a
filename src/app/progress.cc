#include "app/progress.h"

#include <algorithm>
#include <array>
#include <ostream>
#include <utility>

#include <fmt/format.h>

namespace pixie::app {
namespace {

using Clock = std::chrono::steady_clock;

constexpr auto redraw = std::chrono::milliseconds(100);
constexpr std::size_t bar_width = 24;

std::string bar(double part) {
  const auto filled = static_cast<std::size_t>(part * bar_width);
  return fmt::format("{:3.0f} % [{}{}]", part * 100, std::string(filled, '='),
                     std::string(bar_width - filled, ' '));
}

}  // namespace

std::string size_text(std::uint64_t bytes) {
  constexpr std::array units{"B", "kB", "MB", "GB", "TB", "PB", "EB"};
  auto value = static_cast<double>(bytes);
  std::size_t unit = 0;
  while (value >= 999.5 && unit + 1 < units.size()) {
    value /= 1000;
    ++unit;
  }
  return unit == 0 || value >= 99.95 ? fmt::format("{:.0f} {}", value, units[unit])
                                     : fmt::format("{:.1f} {}", value, units[unit]);
}

Progress::Progress(std::ostream& out, std::string name, bool terminal)
    : out_(out), name_(std::move(name)), terminal_(terminal), began_(Clock::now()) {}

void Progress::show(std::uint64_t bytes, std::optional<std::uint64_t> total) {
  const auto now = Clock::now();
  if (!terminal_ || now - drawn_ < redraw) return;
  drawn_ = now;
  const std::chrono::duration<double> took = now - began_;
  const auto rate =
      static_cast<std::uint64_t>(static_cast<double>(bytes) / std::max(took.count(), 1e-3));
  const bool known = total && *total > 0;
  const auto part =
      known ? static_cast<double>(std::min(bytes, *total)) / static_cast<double>(*total) : 0;
  draw(fmt::format("{}  {}{}, {}/s", name_, known ? bar(part) + "  " : "", size_text(bytes),
                   size_text(rate)));
}

void Progress::show(const std::string& text) {
  const auto now = Clock::now();
  if (!terminal_ || now - drawn_ < redraw) return;
  drawn_ = now;
  draw(fmt::format("{}  {}", name_, text));
}

void Progress::end(const std::string& text) {
  draw(fmt::format("{}  {}", name_, text));
  out_ << '\n' << std::flush;
}

/// What was longer before is blanked.
void Progress::draw(const std::string& line) {
  const auto blanks = width_ > line.size() ? width_ - line.size() : 0;
  if (terminal_) out_ << '\r';
  out_ << line << std::string(blanks, ' ') << std::flush;
  width_ = terminal_ ? line.size() : 0;
}

}  // namespace pixie::app
