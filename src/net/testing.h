// For tests: a network of one's own.
#pragma once

#include <sched.h>
#include <sys/wait.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <string>
#include <string_view>
#include <thread>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "net/interfaces.h"

namespace pixie::net {

/// Runs `body` on a thread with a network namespace of its own, after these commands of `ip` (one per line) have
/// set it up. Skips the test where that isn't allowed, or there is no `ip`.
inline void in_own_network(std::string_view commands, const std::function<void()>& body) {
  constexpr int command_not_found = 127;
  std::string obstacle;
  std::thread thread([&] {
    if (unshare(CLONE_NEWNET) != 0) {
      obstacle = fmt::format("a network namespace needs root: {}", std::strerror(errno));
      return;
    }
    const int status = std::system(fmt::format("ip -batch - <<'end'\n{}\nend\n", commands).c_str());
    if (WEXITSTATUS(status) == command_not_found) {
      obstacle = "the program ip (package iproute2) is missing";
      return;
    }
    ASSERT_EQ(status, 0) << "ip can't set up the test's network";
    body();
  });
  thread.join();
  if (!obstacle.empty()) GTEST_SKIP() << obstacle;
}

/// The interface of this name; its absence fails the test.
inline Interface interface_named(const std::string& name) {
  const auto chosen = choose_interfaces(std::span(&name, 1));
  EXPECT_TRUE(chosen) << chosen.error().text;
  return chosen ? chosen->front() : Interface{};
}

/// Two interfaces on one wire, and an address at each.
constexpr std::string_view two_ends_of_a_wire = R"(link set lo up
link add near type veth peer name far
link set near address 52:54:00:00:00:01
link set far address 52:54:00:00:00:02
link set near up
link set far up
address add 192.0.2.1/24 dev near
address add 192.0.2.2/24 dev far)";

}  // namespace pixie::net
