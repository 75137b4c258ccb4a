#include "http/listing.h"

#include <algorithm>
#include <iterator>
#include <tuple>
#include <vector>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "http/date.h"
#include "http/target.h"
#include "wire/utf8.h"

namespace pixie::http {
namespace {

void append_escaped(std::string& out, std::string_view text) {
  while (!text.empty()) {
    const auto length = wire::utf8_length(text);
    switch (text.front()) {
      case '&':
        out.append("&amp;");
        break;
      case '<':
        out.append("&lt;");
        break;
      case '>':
        out.append("&gt;");
        break;
      default:
        out.append(length == 0 ? "\xef\xbf\xbd" : text.substr(0, length));
    }
    text.remove_prefix(std::max<std::size_t>(length, 1));
  }
}

/// `512`, `1.5 KiB`, `4.4 GiB`.
void append_size(std::string& out, std::uint64_t size) {
  constexpr std::string_view units[] = {"KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
  if (size < 1024) {
    fmt::format_to(std::back_inserter(out), "{}", size);
    return;
  }
  double value = static_cast<double>(size) / 1024;
  std::size_t unit = 0;
  while (value >= 1023.95 && unit + 1 < std::size(units)) value /= 1024, ++unit;
  fmt::format_to(std::back_inserter(out), "{:.1f} {}", value, units[unit]);
}

void append_row(std::string& out, const Entry& entry) {
  const std::string_view slash = entry.directory ? "/" : "";
  // Without "./" a name such as "a:b" would be taken for a URI with the scheme "a" (RFC 3986
  // section 4.2).
  out.append("<tr><td><a href=\"./");
  append_encoded_path(out, entry.name);
  out.append(slash).append("\">");
  append_escaped(out, entry.name);
  out.append(slash).append("</a></td><td>");
  if (!entry.directory && entry.size) append_size(out, *entry.size);
  const CivilTime t = civil_time(entry.modified);
  fmt::format_to(std::back_inserter(out), "</td><td>{:04}-{:02}-{:02} {:02}:{:02} UTC</td></tr>\n",
                 t.year, t.month, t.day, t.hour, t.minute);
}

constexpr std::string_view style =
    ":root{color-scheme:light dark;font-family:system-ui,sans-serif}"
    "body{margin:2rem auto;max-width:60rem;padding:0 1rem}"
    "h1{font-size:1.2rem;overflow-wrap:anywhere}"
    "table{border-collapse:collapse;width:100%}"
    "th,td{padding:.2rem .5rem;text-align:left}"
    "td:first-child{overflow-wrap:anywhere}"
    "th:nth-child(2),td:nth-child(2){text-align:right;white-space:nowrap}"
    "td:last-child{font-variant-numeric:tabular-nums;white-space:nowrap}";

bool expressible(const Entry& entry) {
  return std::ranges::none_of(entry.name, [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte < 0x20 || byte == 0x7f || c == '\\';
  });
}

std::vector<const Entry*> in_order(std::span<const Entry> entries) {
  std::vector<const Entry*> shown;
  for (const Entry& entry : entries) {
    if (expressible(entry)) shown.push_back(&entry);
  }
  std::ranges::sort(shown, {}, [](const Entry* entry) {
    return std::tuple<bool, std::string_view>(!entry->directory, entry->name);
  });
  return shown;
}

}  // namespace

std::string render_listing(std::string_view path, std::span<const Entry> entries) {
  const auto shown = in_order(entries);

  std::string title = "/";
  append_escaped(title, path);
  if (!path.empty()) title.push_back('/');

  std::string page;
  fmt::format_to(std::back_inserter(page),
                 "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
                 "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
                 "<title>{0}</title>\n<style>{1}</style>\n</head>\n<body>\n<h1>{0}</h1>\n<table>\n"
                 "<thead><tr><th>Name</th><th>Size</th><th>Modified</th></tr></thead>\n<tbody>\n",
                 title, style);
  if (!path.empty()) {
    page.append("<tr><td><a href=\"../\">../</a></td><td></td><td></td></tr>\n");
  }
  for (const Entry* entry : shown) append_row(page, *entry);
  page.append("</tbody>\n</table>\n</body>\n</html>\n");
  return page;
}

std::string listing_as_json(std::span<const Entry> entries) {
  using Json = nlohmann::ordered_json;
  auto list = Json::array();
  for (const Entry* entry : in_order(entries)) {
    std::string modified;
    append_date(modified, entry->modified);
    Json item{{"name", entry->name},
              {"type", entry->directory ? "directory" : "file"},
              {"mtime", std::move(modified)}};
    if (!entry->directory && entry->size) item["size"] = *entry->size;
    list.push_back(std::move(item));
  }
  return list.dump(1, ' ', false, Json::error_handler_t::replace) + '\n';
}

}  // namespace pixie::http
