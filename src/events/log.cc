#include "events/log.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <iterator>
#include <utility>

#include <fmt/chrono.h>
#include <fmt/format.h>

namespace pixie::events {
namespace {

constexpr std::size_t waiting_limit = 8 << 20;
/// Of a long batch so much is given to the writer at once.
constexpr std::size_t batch_bytes = 64 << 10;

constexpr std::string_view severity_name(Severity severity) {
  constexpr std::string_view names[] = {"error", "warning", "info", "debug"};
  return names[static_cast<int>(severity)];
}

/// Quotes text for logfmt and JSON alike: control characters, quotes and backslashes are escaped.
void append_quoted(std::string& out, std::string_view text) {
  out += '"';
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      out += '\\', out += c;
    } else if (static_cast<unsigned char>(c) < 0x20 || static_cast<unsigned char>(c) >= 0x7f) {
      fmt::format_to(std::back_inserter(out), "\\u{:04x}", static_cast<unsigned char>(c));
    } else {
      out += c;
    }
  }
  out += '"';
}

bool needs_quotes(std::string_view text) {
  return text.empty() || std::ranges::any_of(text, [](char c) {
           return c <= ' ' || c >= 0x7f || c == '"' || c == '=' || c == '\\';
         });
}

void append_value(std::string& out, Format format, const Field& field) {
  if (const auto* text = std::get_if<std::string_view>(&field.value)) {
    if (format == Format::json || needs_quotes(*text)) {
      append_quoted(out, *text);
    } else {
      out += *text;
    }
  } else if (const auto* number = std::get_if<std::uint64_t>(&field.value)) {
    fmt::format_to(std::back_inserter(out), "{}", *number);
  } else {
    fmt::format_to(std::back_inserter(out), "{:.3f}", std::get<double>(field.value));
  }
}

/// RFC 3339 with milliseconds. The text of a second is made once.
void append_time(std::string& out, std::chrono::system_clock::time_point when) {
  thread_local std::time_t known_second = -1;
  thread_local std::string known_text;
  const auto seconds = std::chrono::floor<std::chrono::seconds>(when);
  const auto millis = std::chrono::duration_cast<std::chrono::milliseconds>(when - seconds).count();
  const auto second = std::chrono::system_clock::to_time_t(seconds);
  if (second != known_second) {
    known_second = second;
    known_text = fmt::format("{:%FT%T}", fmt::gmtime(second));
  }
  fmt::format_to(std::back_inserter(out), "{}.{:03}Z", known_text, millis);
}

/// What goes well may be told of a hall of machines that are switched on together.
wire::Allowance allowance_of(const Kind& kind) {
  return kind.severity == Severity::info ? wire::Allowance(500, 20) : wire::Allowance(50, 5);
}

}  // namespace

void format_line(std::string& out, Format format, std::chrono::system_clock::time_point when,
                 const Kind& kind, std::span<const Field> fields, std::uint64_t suppressed) {
  const bool json = format == Format::json;
  out += json ? "{\"time\":\"" : "time=";
  append_time(out, when);
  out += json ? "\",\"level\":\"" : " level=";
  out += severity_name(kind.severity);
  out += json ? "\",\"event\":\"" : " event=";
  out += kind.id;
  if (json) out += '"';
  const auto append = [&](const Field& field) {
    out += json ? ",\"" : " ";
    out += field.name;
    out += json ? "\":" : "=";
    append_value(out, format, field);
  };
  for (const auto& field : fields) append(field);
  if (suppressed > 0) append({"suppressed", suppressed});
  if (json) out += '}';
}

Log::Log(int descriptor, Format format, Severity level)
    : descriptor_(descriptor), format_(format), level_(level), writer_([this] { write_out(); }) {}

Log::~Log() {
  {
    const std::lock_guard lock(mutex_);
    ending_ = true;
  }
  filled_.notify_one();
  writer_.join();
}

bool Log::allow(const Kind& kind, std::uint64_t& suppressed) {
  if (!kind.limited) return true;
  auto& limit = limits_.try_emplace(&kind, Limit{.lines = allowance_of(kind)}).first->second;
  if (!limit.lines.take(std::chrono::steady_clock::now())) {
    ++limit.suppressed;
    return false;
  }
  suppressed = std::exchange(limit.suppressed, 0);
  return true;
}

void Log::take(const Record& record) {
  if (crowded_) {
    ++dropped_;
    return;
  }
  std::uint64_t suppressed = 0;
  if (!allow(record.kind, suppressed)) return;
  format_line(lines_, format_, record.when, record.kind, record.fields,
              suppressed + std::exchange(dropped_, 0));
  lines_ += '\n';
  if (lines_.size() >= batch_bytes) rest();
}

void Log::rest() {
  {
    const std::lock_guard lock(mutex_);
    waiting_ += lines_;
    crowded_ = waiting_.size() > waiting_limit;
  }
  lines_.clear();
  filled_.notify_one();
}

void Log::write_out() {
  std::string lines;
  bool torn = false;
  std::unique_lock lock(mutex_);
  while (!ending_ || !waiting_.empty()) {
    filled_.wait(lock, [this] { return ending_ || !waiting_.empty(); });
    lines.clear();
    lines.swap(waiting_);
    lock.unlock();
    // A full disk may cut a line: what is written when there is room again begins another one.
    if (torn) lines.insert(0, 1, '\n');
    std::size_t done = 0;
    while (done < lines.size()) {
      const auto written = write(descriptor_, lines.data() + done, lines.size() - done);
      if (written < 0 && errno != EINTR) break;
      if (written > 0) done += static_cast<std::size_t>(written);
    }
    if (done > 0) torn = lines[done - 1] != '\n';
    lock.lock();
  }
}

}  // namespace pixie::events
