#include "api/routes.h"

#include <algorithm>
#include <set>

#include <gtest/gtest.h>

#include "api/fleet_calls.h"
#include "api/testing.h"

namespace pixie::api {
namespace {

using MethodPath = std::pair<std::string, std::string>;

std::string upper(std::string text) {
  std::ranges::transform(text, text.begin(), [](unsigned char c) { return std::toupper(c); });
  return text;
}

TEST(Routes, FindsWhatTheTableHas) {
  const auto found = find_route(make_call("GET", "/machines/52-54-00-AB-CD-EF/boots"));
  ASSERT_TRUE(found);
  EXPECT_EQ(found->route.path, "/machines/{mac}/boots");
  EXPECT_EQ(found->mac, wire::Mac::parse("525400abcdef"));
  EXPECT_EQ(find_route(make_call("GET", "/boots/live"))->route.path, "/boots/live");
  EXPECT_EQ(find_route(make_call("HEAD", "/version"))->route.path, "/version");
}

TEST(Routes, SaysWhatIsWrongWithOthers) {
  const auto status = [](const char* method, const char* path) {
    return find_route(make_call(method, path)).error().made.status;
  };
  EXPECT_EQ(status("GET", ""), 404);
  EXPECT_EQ(status("GET", "/machine"), 404);
  EXPECT_EQ(status("GET", "/machines/525400abcdef/boots/1"), 404);
  EXPECT_EQ(status("GET", "/{mac}"), 404);
  EXPECT_EQ(status("GET", "/machines/example"), 400);
  EXPECT_EQ(status("POST", "/machines"), 405);
  EXPECT_EQ(status("get", "/version"), 405);
}

TEST(Routes, SaysWhatCanBeDoneInstead) {
  const auto found = find_route(make_call("OPTIONS", "/machines/525400abcdef"));
  ASSERT_FALSE(found);
  EXPECT_EQ(found.error().made.status, 405);
  EXPECT_EQ(field_in(found.error(), "Allow"), "GET, HEAD, PUT, PATCH, DELETE");
}

TEST(Routes, AreThoseOfTheDocumentAndTheOtherWayRound) {
  const auto document = Json::parse(openapi_document());
  std::set<MethodPath> described;
  for (const auto& [path, item] : document.at("paths").items()) {
    for (const auto& [method, operation] : item.items()) {
      if (method != "parameters") described.emplace(upper(method), path);
    }
  }
  std::set<MethodPath> served;
  for (const auto& route : routes()) served.emplace(route.method, route.path);
  EXPECT_EQ(described, served);
  EXPECT_EQ(document.at("servers").at(0).at("url"), "/" + std::string(base_path));
}

TEST(Routes, NeedWhatTheDocumentSays) {
  const auto document = Json::parse(openapi_document());
  for (const auto& route : routes()) {
    std::string method(route.method);
    std::ranges::transform(method, method.begin(), [](unsigned char c) { return std::tolower(c); });
    const auto& security =
        document.at("paths").at(std::string(route.path)).at(method).at("security");
    const auto expected =
        route.access == Access::open
            ? Json::array()
            : Json::array({{{"token", {route.access == Access::write ? "write" : "read"}}},
                           Json::object()});
    EXPECT_EQ(security, expected) << route.path;
  }
}

/// Every reference of the document leads somewhere.
void check_references(const Json& document, const Json& part) {
  if (part.is_object() && part.contains("$ref")) {
    const std::string reference = part.at("$ref");
    ASSERT_TRUE(reference.starts_with("#/")) << reference;
    EXPECT_TRUE(document.contains(Json::json_pointer(reference.substr(1)))) << reference;
  }
  for (const auto& element : part) {
    if (element.is_structured()) check_references(document, element);
  }
}

TEST(Openapi, RefersOnlyToWhatItHas) {
  const auto document = Json::parse(openapi_document());
  EXPECT_EQ(document.at("openapi"), "3.1.0");
  check_references(document, document);
}

}  // namespace
}  // namespace pixie::api
