#include "api/access.h"

#include <gtest/gtest.h>

#include "api/testing.h"

namespace pixie::api {
namespace {

/// The status that it is refused with; 0: it may be made.
int refused(const Call& call, Access access, const Tokens* tokens = nullptr) {
  const auto checked = check_access(call, access, tokens,
                                    [](std::string_view host) { return host == "bootserver"; });
  return checked ? 0 : checked.error().made.status;
}

Call write_call() { return make_call("PUT", "/machines/525400123456", "{}"); }

Tokens two_tokens() {
  return Tokens::parse("reader-0123456789 read\nwriter-0123456789 write", "tokens").value();
}

TEST(Access, WithoutTokensReadingIsFreeAndWritingLocal) {
  auto call = write_call();
  EXPECT_EQ(refused(call, Access::read), 0);
  EXPECT_EQ(refused(call, Access::write), 0);
  call.loopback = false;
  EXPECT_EQ(refused(call, Access::read), 0);
  EXPECT_EQ(refused(call, Access::write), 403);
}

TEST(Access, WithTokensEachNeedsItsScope) {
  const auto tokens = two_tokens();
  auto call = write_call();
  EXPECT_EQ(refused(call, Access::read, &tokens), 401);
  EXPECT_EQ(refused(call, Access::write, &tokens), 401);
  EXPECT_EQ(refused(call, Access::open, &tokens), 0);

  call.authorization = "Bearer reader-0123456789";
  EXPECT_EQ(refused(call, Access::read, &tokens), 0);
  EXPECT_EQ(refused(call, Access::write, &tokens), 403);
  call.authorization = "bearer  writer-0123456789";
  call.loopback = false;
  EXPECT_EQ(refused(call, Access::read, &tokens), 0);
  EXPECT_EQ(refused(call, Access::write, &tokens), 0);
  for (const auto* wrong : {"", "Bearer", "Bearer ", "Bearer writer-0123456788",
                            "Basic writer-0123456789", "writer-0123456789"}) {
    call.authorization = wrong;
    EXPECT_EQ(refused(call, Access::read, &tokens), 401) << wrong;
  }
}

TEST(Access, SaysHowToAuthenticate) {
  const auto tokens = two_tokens();
  const auto checked =
      check_access(write_call(), Access::read, &tokens, [](std::string_view) { return false; });
  ASSERT_FALSE(checked);
  EXPECT_EQ(field_in(checked.error(), "WWW-Authenticate"), "Bearer realm=\"pixie\"");
}

TEST(Access, AForeignPageMayNotWriteThroughABrowserHere) {
  auto call = write_call();
  for (const auto* own : {"http://127.0.0.1:8080", "https://127.0.0.1:8080"}) {
    call.origin = own;
    EXPECT_EQ(refused(call, Access::write), 0) << own;
  }
  for (const auto* foreign : {"null", "", "http://evil.example", "http://127.0.0.1:9999",
                              "http://127.0.0.1:8080.evil.example", "127.0.0.1:8080"}) {
    call.origin = foreign;
    EXPECT_EQ(refused(call, Access::write), 403) << foreign;
  }
}

TEST(Access, ANameThatIsLedHereMayNotWrite) {
  auto call = write_call();
  for (const auto* own : {"127.0.0.1", "127.0.0.1:80", "[::1]", "[::1]:8080", "192.0.2.7",
                          "localhost", "LocalHost:8080", "bootserver", "bootserver:80"}) {
    call.host = own;
    EXPECT_EQ(refused(call, Access::write), 0) << own;
  }
  for (const auto* foreign : {"", "evil.example", "evil.example:80", "localhost.evil.example",
                              "127.0.0.1.evil.example", "[evil]", ":80"}) {
    call.host = foreign;
    EXPECT_EQ(refused(call, Access::write), 403) << foreign;
  }
  call.host.reset();
  EXPECT_EQ(refused(call, Access::write), 403);
}

}  // namespace
}  // namespace pixie::api
