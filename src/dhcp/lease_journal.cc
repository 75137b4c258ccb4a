#include "dhcp/lease_journal.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <iterator>
#include <optional>
#include <span>

#include <fmt/format.h>

namespace pixie::dhcp {
namespace {

constexpr std::string_view header_words = "pixie leases ";
constexpr std::string_view header = "pixie leases 1\n";
constexpr std::size_t max_client_size = 255;
/// Some 30,000 years: any later time is not one, and could overflow sums.
constexpr std::int64_t max_time = 1'000'000'000'000;

bool is_alphanumeric(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

std::optional<std::string> parse_hexadecimal(std::string_view text) {
  if (text.empty() || text.size() % 2 != 0 || text.size() > 2 * max_client_size) {
    return std::nullopt;
  }
  std::string bytes;
  for (std::size_t i = 0; i < text.size(); i += 2) {
    const auto pair = text.substr(i, 2);
    std::uint8_t value = 0;
    const auto [end, error] = std::from_chars(pair.begin(), pair.end(), value, 16);
    if (error != std::errc{} || end != pair.end()) return std::nullopt;
    bytes.push_back(static_cast<char>(value));
  }
  return bytes;
}

std::optional<std::chrono::sys_seconds> parse_time(std::string_view text) {
  std::int64_t seconds = 0;
  const auto [end, error] = std::from_chars(text.begin(), text.end(), seconds);
  if (error != std::errc{} || end != text.end() || seconds < 0 || seconds > max_time) {
    return std::nullopt;
  }
  return std::chrono::sys_seconds(std::chrono::seconds(seconds));
}

std::optional<wire::IpAddress> parse_v4(std::string_view text) {
  const auto address = wire::IpAddress::parse(text);
  return address && address->is_v4() ? address : std::nullopt;
}

constexpr std::size_t max_fields = 6;

/// The fields between single spaces; none if there are more than any record has.
std::span<const std::string_view> split(std::string_view line,
                                        std::array<std::string_view, max_fields>& fields) {
  std::size_t count = 0;
  while (count < max_fields) {
    const auto space = line.find(' ');
    fields[count++] = line.substr(0, space);
    if (space == std::string_view::npos) return std::span(fields).first(count);
    line.remove_prefix(space + 1);
  }
  return {};
}

std::optional<LeaseRecord> parse_lease(std::span<const std::string_view> fields) {
  const auto address = parse_v4(fields[1]);
  const auto mac = wire::Mac::parse(fields[2]);
  auto client = parse_hexadecimal(fields[3]);
  const auto expiry = parse_time(fields[4]);
  const auto host = fields[5] == "-" ? std::string_view() : fields[5];
  if (!address || !mac || !client || !expiry || clean_host_name(host) != host || fields[5].empty())
    return std::nullopt;
  return LeaseRecord{.kind = LeaseRecord::Kind::lease,
                     .address = *address,
                     .mac = *mac,
                     .client = std::move(*client),
                     .time = *expiry,
                     .host_name = std::string(host)};
}

std::optional<LeaseRecord> parse_line(std::string_view line) {
  std::array<std::string_view, max_fields> storage;
  const auto fields = split(line, storage);
  if (fields.size() == 6 && fields[0] == "lease") return parse_lease(fields);
  if (fields.size() != 3 || (fields[0] != "release" && fields[0] != "decline")) return std::nullopt;
  const auto address = parse_v4(fields[1]);
  const auto time = parse_time(fields[2]);
  if (!address || !time) return std::nullopt;
  LeaseRecord record;
  record.kind = fields[0] == "release" ? LeaseRecord::Kind::release : LeaseRecord::Kind::decline;
  record.address = *address;
  record.time = *time;
  return record;
}

/// The line as a message may show it.
std::string printable(std::string_view line) {
  std::string text(line.substr(0, 80));
  std::ranges::replace_if(text, [](char c) { return c < ' ' || c > '~'; }, '?');
  return text;
}

Error header_error(std::string_view line) {
  if (line.starts_with(header_words)) {
    return {fmt::format(
        "line 1: expected `pixie leases 1`, found `{}`: another version of pixie wrote "
        "these leases; start that version, or move the file away to begin without leases",
        printable(line))};
  }
  return {fmt::format(
      "line 1: expected `pixie leases 1`, found `{}`: this is no lease file of pixie; name "
      "another file, or move this one away",
      printable(line))};
}

}  // namespace

std::string_view lease_journal_header() { return header; }

void append_line(std::string& text, const LeaseRecord& record) {
  const auto time = record.time.time_since_epoch().count();
  auto out = std::back_inserter(text);
  switch (record.kind) {
    case LeaseRecord::Kind::lease:
      fmt::format_to(out, "lease {} {} ", record.address.text(), record.mac.colons());
      for (const char c : record.client)
        fmt::format_to(out, "{:02x}", static_cast<std::uint8_t>(c));
      fmt::format_to(out, " {} {}\n", time, record.host_name.empty() ? "-" : record.host_name);
      return;
    case LeaseRecord::Kind::release:
      fmt::format_to(out, "release {} {}\n", record.address.text(), time);
      return;
    case LeaseRecord::Kind::decline:
      fmt::format_to(out, "decline {} {}\n", record.address.text(), time);
      return;
  }
}

Expected<LeaseJournal> parse_lease_journal(std::string_view text) {
  LeaseJournal journal;
  for (std::size_t number = 1; true; ++number) {
    const auto end = text.find('\n', journal.complete);
    if (end == std::string_view::npos) return journal;
    const auto line = text.substr(journal.complete, end - journal.complete);
    journal.complete = end + 1;
    if (number == 1) {
      if (line != header.substr(0, header.size() - 1)) return std::unexpected(header_error(line));
      continue;
    }
    auto record = parse_line(line);
    if (!record) {
      return fail(
          fmt::format("line {}: expected `lease ADDRESS MAC CLIENT EXPIRY HOST`, `release ADDRESS "
                      "TIME` or `decline "
                      "ADDRESS UNTIL`, found `{}`: correct or remove the line, nothing was changed",
                      number, printable(line)));
    }
    journal.records.push_back(std::move(*record));
  }
}

std::string_view clean_host_name(std::string_view text) {
  const auto allowed = [](char c) {
    return is_alphanumeric(c) || c == '-' || c == '.' || c == '_';
  };
  if (text.empty() || text.size() > 253 || !is_alphanumeric(text.front())) return {};
  return std::ranges::all_of(text, allowed) ? text : std::string_view();
}

}  // namespace pixie::dhcp
