// Questions by ARP and ICMP, on a wire of two ends.
#include "net/address_probe.h"

#include <map>
#include <optional>
#include <stdexcept>
#include <string>

#include <gtest/gtest.h>

#include "dhcp/ipv4.h"
#include "net/frames.h"
#include "net/testing.h"

namespace pixie::net {
namespace {

constexpr std::string_view far_mac = "52:54:00:00:00:02";

/// A loop with a probe on the interface `near`, and what it answered.
class Asker {
 public:
  Asker() : loop_(0, 1, layout_, events_) {
    const auto interface = interface_named("near");
    auto sockets = ProbeSockets::open(std::span(&interface, 1));
    if (!sockets) throw std::runtime_error(sockets.error().text);
    probe_.emplace(loop_, std::move(*sockets));
  }

  void ask(const std::string& address) {
    ++open_;
    probe_->ask(*wire::IpAddress::parse(address), [this, address](bool in_use, auto user) {
      answers[address] += !in_use ? "free " : user ? user->colons() + " " : "used ";
      if (--open_ == 0) loop_.stop();
    });
  }

  /// Waits for all answers; returns how long it took.
  std::chrono::milliseconds run() {
    const auto begin = Clock::now();
    loop_.run();
    return std::chrono::duration_cast<std::chrono::milliseconds>(Clock::now() - begin);
  }

  std::size_t pending() const { return probe_->pending(); }
  std::map<std::string, std::string> answers;

 private:
  events::Stream events_;
  tree::Layout layout_;
  Loop loop_;
  std::optional<AddressProbe> probe_;
  int open_ = 0;
};

TEST(AddressProbe, TellsWhoUsesAnAddress) {
  const std::string commands = std::string(two_ends_of_a_wire) +
                               "\naddress add 198.51.100.7/32 dev lo"
                               "\naddress add 192.0.2.3/32 dev far";
  struct Case {
    const char* name;
    const char* address;
    std::string answer;
  };
  const Case cases[] = {
      {"a neighbour", "192.0.2.2", std::string(far_mac)},
      {"its other address", "192.0.2.3", std::string(far_mac)},
      {"nobody", "192.0.2.4", "free"},
      {"our own", "192.0.2.1", "used"},
      {"not on our network, answers", "198.51.100.7", "used"},
      {"not on our network, no route", "203.0.113.1", "free"},
  };
  in_own_network(commands, [&] {
    Asker asker;
    for (const auto& one : cases) asker.ask(one.address);
    EXPECT_EQ(asker.pending(), std::size(cases));
    EXPECT_TRUE(asker.answers.empty());
    asker.run();
    for (const auto& [name, address, answer] : cases) {
      EXPECT_EQ(asker.answers[address], answer + ' ') << name;
    }
    EXPECT_EQ(asker.pending(), 0U);
  });
}

TEST(AddressProbe, AsksTwiceBeforeAnAddressIsFree) {
  in_own_network(two_ends_of_a_wire, [] {
    auto watcher = PacketSocket::open(interface_named("far"), {.ethertype = ethertype::arp});
    ASSERT_TRUE(watcher) << watcher.error().text;
    Asker asker;
    asker.ask("192.0.2.9");
    EXPECT_GE(asker.run(), std::chrono::milliseconds(400));
    int questions = 0;
    std::byte buffer[64];
    while (const auto frame = watcher->receive(buffer)) {
      const auto arp = parse_arp(frame->payload);
      if (arp && arp->target.text() == "192.0.2.9") {
        EXPECT_EQ(arp->sender.text(), "0.0.0.0");
        ++questions;
      }
    }
    EXPECT_EQ(questions, 2);
  });
}

TEST(AddressProbe, AnswersAllWhoAskAboutOneAddress) {
  in_own_network(two_ends_of_a_wire, [] {
    Asker asker;
    asker.ask("192.0.2.9");
    asker.ask("192.0.2.9");
    EXPECT_EQ(asker.pending(), 1U);
    asker.run();
    EXPECT_EQ(asker.answers["192.0.2.9"], "free free ");
  });
}

TEST(AddressProbe, IsLetGoWithQuestionsOpen) {
  in_own_network(two_ends_of_a_wire, [] {
    std::optional<Asker> asker(std::in_place);
    asker->ask("192.0.2.2");
    asker.reset();
  });
}

TEST(AddressProbe, AsksAboutThousandsAtOnce) {
  constexpr std::string_view wide = R"(link set lo up
link add near type veth peer name far
link set near up
link set far address 52:54:00:00:00:02
link set far up
address add 10.0.0.1/16 dev near
address add 10.0.7.7/32 dev far)";
  in_own_network(wide, [] {
    Asker asker;
    constexpr std::uint32_t count = 8000;
    const auto first = dhcp::ipv4_number(wire::IpAddress::v4(10, 0, 0, 2));
    for (std::uint32_t i = 0; i < count; ++i) asker.ask(dhcp::ipv4_address(first + i).text());
    asker.run();
    EXPECT_EQ(asker.answers.size(), count);
    for (const auto& [address, answer] : asker.answers) {
      EXPECT_EQ(answer, address == "10.0.7.7" ? std::string(far_mac) + ' ' : "free ") << address;
    }
  });
}

}  // namespace
}  // namespace pixie::net
