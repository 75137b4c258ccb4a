#include "mirror/entry.h"

#include <algorithm>
#include <charconv>
#include <iterator>
#include <optional>

#include <fmt/format.h>

#include "http/date.h"
#include "http/url.h"

namespace pixie::mirror {
namespace {

constexpr std::string_view header = "pixie mirror 1\n";
constexpr std::string_view last_line = "end\n";
constexpr std::size_t data_digits = 16;
constexpr std::size_t sha256_digits = 64;
constexpr std::size_t value_limit_bytes = 1024;

bool is_hex(std::string_view text) {
  return std::ranges::all_of(
      text, [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

/// A description line by line. The error is sticky.
class Lines {
 public:
  explicit Lines(std::string_view text) : rest_(text) {}

  bool ok() const { return ok_; }
  bool at_end() const { return rest_.empty(); }

  void expect(std::string_view line) {
    ok_ = ok_ && rest_.starts_with(line);
    rest_.remove_prefix(ok_ ? line.size() : rest_.size());
  }

  /// The value of the line that begins with `name`; empty if the next line is another.
  std::string_view optional(std::string_view name) {
    const auto end = rest_.find('\n');
    if (end == std::string_view::npos || !rest_.starts_with(name) || name.size() >= end ||
        rest_[name.size()] != ' ')
      return {};
    const auto value = rest_.substr(name.size() + 1, end - name.size() - 1);
    rest_.remove_prefix(end + 1);
    ok_ = ok_ && !value.empty() && fit(value) == value;
    return value;
  }

  std::string_view text(std::string_view name) {
    const auto value = optional(name);
    ok_ = ok_ && !value.empty();
    return value;
  }

  /// Longer than other values may be.
  std::string url() {
    const auto end = rest_.find('\n');
    constexpr std::string_view name = "url ";
    if (!rest_.starts_with(name) || end == std::string_view::npos) ok_ = false;
    if (!ok_) return {};
    const auto value = rest_.substr(name.size(), end - name.size());
    rest_.remove_prefix(end + 1);
    const auto url = http::Url::parse(value);
    ok_ = url && url->text() == value;
    return std::string(value);
  }

  std::string hex(std::string_view name, std::size_t digits, bool may_lack = false) {
    const auto value = may_lack ? optional(name) : text(name);
    const bool lacks = may_lack && value.empty();
    ok_ = ok_ && (lacks || (value.size() == digits && is_hex(value)));
    return std::string(value);
  }

  template <class Number>
  Number number(std::string_view name) {
    const auto value = text(name);
    Number number = 0;
    const auto [end, error] = std::from_chars(value.begin(), value.end(), number);
    // As to_chars() writes it: no minus, no zero in front.
    ok_ = ok_ && error == std::errc{} && end == value.end() && number >= 0 &&
          (value == "0" || value.front() != '0') && value.front() != '-';
    return number;
  }

 private:
  std::string_view rest_;
  bool ok_ = true;
};

}  // namespace

std::string fit(std::string_view value) {
  const bool fits = value.size() <= value_limit_bytes && std::ranges::none_of(value, [](char c) {
                      return static_cast<unsigned char>(c) < ' ' || c == 0x7f;
                    });
  return fits ? std::string(value) : std::string();
}

std::string Entry::validator() const {
  constexpr std::int64_t strong_after_seconds = 60;
  if (etag.starts_with('"') && etag.size() > 1) return etag;
  const auto when = http::parse_date(modified, fetched);
  return when && fetched - *when >= strong_after_seconds ? modified : std::string();
}

std::string text_of(const Entry& entry) {
  std::string out(header);
  const auto add = [&out](std::string_view name, const auto& value) {
    fmt::format_to(std::back_inserter(out), "{} {}\n", name, value);
  };
  const auto add_if_there = [&](std::string_view name, const std::string& value) {
    if (!value.empty()) add(name, value);
  };
  add("url", entry.url);
  add("data", entry.data);
  add("size", entry.size);
  add("have", entry.have);
  add_if_there("sha256", entry.sha256);
  add_if_there("etag", entry.etag);
  add_if_there("modified", entry.modified);
  add_if_there("type", entry.type);
  add("fetched", entry.fetched);
  add("validated", entry.validated);
  add("fresh", entry.fresh);
  return out.append(last_line);
}

Expected<Entry> parse_entry(std::string_view text) {
  Lines lines(text);
  Entry entry;
  lines.expect(header);
  entry.url = lines.url();
  entry.data = lines.hex("data", data_digits);
  entry.size = lines.number<std::uint64_t>("size");
  entry.have = lines.number<std::uint64_t>("have");
  entry.sha256 = lines.hex("sha256", sha256_digits, true);
  entry.etag = lines.optional("etag");
  entry.modified = lines.optional("modified");
  entry.type = lines.optional("type");
  entry.fetched = lines.number<std::int64_t>("fetched");
  entry.validated = lines.number<std::int64_t>("validated");
  entry.fresh = lines.number<std::uint32_t>("fresh");
  lines.expect(last_line);
  const bool consistent = entry.size <= size_limit_bytes && entry.have <= entry.size &&
                          (!entry.whole() || entry.have == entry.size);
  if (text.size() > entry_limit_bytes || !lines.ok() || !lines.at_end() || !consistent)
    return fail("this is no description of a mirrored file");
  return entry;
}

}  // namespace pixie::mirror
