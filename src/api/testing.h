// An office for the tests of the API, and the calls that they make.
#pragma once

#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "api/call.h"
#include "api/json.h"
#include "api/office.h"

namespace pixie::api {

/// Everything may be set by the test.
class TestOffice final : public Office {
 public:
  std::shared_ptr<const machines::Fleet> the_fleet = std::make_shared<const machines::Fleet>();
  std::vector<wire::Diagnostic> the_mistakes;
  images::Images the_images;
  ImageRoom the_room;
  std::shared_ptr<const Tokens> the_tokens;
  machines::Roster the_roster;
  std::shared_ptr<const roms::Catalogue> the_catalogue = std::make_shared<const roms::Catalogue>();
  std::optional<Expected<std::string>> the_own_script;
  std::optional<Expected<std::string>> the_default_script;
  UpstreamAnswer the_upstream;
  std::set<std::string> paths;
  std::vector<std::string> the_health_problems;
  std::optional<mirror::View> the_mirror;

  std::shared_ptr<const machines::Fleet> fleet() const override { return the_fleet; }
  std::vector<wire::Diagnostic> mistakes() const override { return the_mistakes; }
  bool has_own_script(const wire::Mac&) const override { return the_own_script.has_value(); }
  std::shared_ptr<const images::Images> images() const override {
    return std::make_shared<const images::Images>(the_images);
  }
  ImageRoom image_room() const override { return the_room; }
  std::shared_ptr<const Tokens> tokens() const override { return the_tokens; }
  const machines::Roster& roster() const override { return the_roster; }
  std::shared_ptr<const roms::Catalogue> catalogue() const override { return the_catalogue; }
  std::optional<Expected<std::string>> own_script(const wire::Mac&) const override {
    return the_own_script;
  }
  std::optional<Expected<std::string>> default_script() const override {
    return the_default_script;
  }
  UpstreamAnswer upstream(const wire::Mac&) const override { return the_upstream; }
  machines::Here here(const machines::Identity&) const override {
    return {.server = "http://192.0.2.1", .host = "192.0.2.1", .callback = ""};
  }
  bool has(const http::Target& target) const override { return paths.contains(target.path); }
  std::optional<mirror::View> mirror() const override { return the_mirror; }
  std::string version() const override { return "1.2.3"; }
  std::vector<std::string> health_problems() const override { return the_health_problems; }
  bool is_own_name(std::string_view host) const override { return host == "bootserver"; }
};

/// A call from this machine, as curl makes it.
inline Call make_call(std::string method, const std::string& path, std::string body = {}) {
  http::Request request;
  request.method_text = std::move(method);
  request.target = "/api/v1" + path;
  request.fields.add("Host", "127.0.0.1:8080");
  if (!body.empty()) request.fields.add("Content-Type", "application/json");
  request.body = std::move(body);
  return call_of(request, http::parse_target(request.target).value(), true).value();
}

inline Json json_in(const Answer& answer) { return Json::parse(answer.made.body); }
inline std::string detail_in(const Answer& answer) { return json_in(answer).at("detail"); }

inline std::optional<std::string> field_in(const Answer& answer, std::string_view name) {
  for (const auto& [field, value] : answer.made.fields) {
    if (field == name) return value;
  }
  return std::nullopt;
}

}  // namespace pixie::api
