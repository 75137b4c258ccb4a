#include "machines/identity.h"

#include <map>
#include <string>
#include <tuple>
#include <vector>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace pixie::machines {
namespace {

TEST(Fact, HasANameThatLeadsBack) {
  for (std::size_t i = 0; i < fact_count; ++i) {
    const auto fact = static_cast<Fact>(i);
    EXPECT_EQ(fact_named(fact_name(fact)), fact);
  }
  EXPECT_EQ(fact_name(Fact::circuit_id), "circuit-id");
  EXPECT_FALSE(fact_named("colour"));
}

TEST(Identity, BringsFactsToTheirCanonicalForm) {
  Identity identity;
  const auto learned = [&](Fact fact, std::string_view text) {
    identity.learn(fact, text, Source::claimed);
    return identity[fact];
  };
  EXPECT_EQ(learned(Fact::mac, "52-54-00-AB-CD-EF"), "52:54:00:ab:cd:ef");
  EXPECT_EQ(learned(Fact::uuid, "4C4C4544-0042"), "4c4c4544-0042");
  EXPECT_EQ(learned(Fact::serial, " ABC 1  "), "ABC 1");
  EXPECT_EQ(learned(Fact::firmware, "pcbios"), "bios");
  EXPECT_EQ(learned(Fact::firmware, "EFI"), "uefi");
  EXPECT_EQ(learned(Fact::ip, "::ffff:192.0.2.1"), "192.0.2.1");
  EXPECT_EQ(learned(Fact::ip, "nonsense"), "192.0.2.1");
  EXPECT_EQ(identity.mac(), wire::Mac::parse("525400abcdef"));
}

TEST(Identity, LeavesOutWhatCannotBe) {
  Identity identity;
  identity.learn(Fact::serial, "", Source::observed);
  identity.learn(Fact::serial, "   ", Source::observed);
  identity.learn(Fact::serial, "a\nboot", Source::observed);
  identity.learn(Fact::serial, "a\x7f", Source::observed);
  identity.learn(Fact::serial, std::string(257, 'a'), Source::observed);
  identity.learn(Fact::mac, "not a mac", Source::observed);
  EXPECT_EQ(identity, Identity{});
  EXPECT_FALSE(identity.mac());
  identity.learn(Fact::serial, std::string(256, 'a'), Source::observed);
  EXPECT_TRUE(identity.knows(Fact::serial));
}

TEST(Identity, ABetterSourceWins) {
  Identity identity;
  identity.learn(Fact::ip, "192.0.2.1", Source::observed);
  identity.learn(Fact::ip, "192.0.2.2", Source::claimed);
  EXPECT_EQ(identity[Fact::ip], "192.0.2.1");
  identity.learn(Fact::ip, "192.0.2.3", Source::observed);
  EXPECT_EQ(identity[Fact::ip], "192.0.2.3");
  identity.learn(Fact::ip, "192.0.2.4", Source::configured);
  EXPECT_EQ(identity[Fact::ip], "192.0.2.4");
  EXPECT_EQ(identity.source(Fact::ip), Source::configured);
  EXPECT_EQ(source_name(Source::configured), "configured");
}

/// The texts lie one behind the other; whatever is learned in whatever order, each stays its own.
RC_GTEST_PROP(Identity, KeepsWhatAMapWouldKeep, ()) {
  using Learned = std::tuple<std::uint8_t, std::string, std::uint8_t>;
  const auto texts = rc::gen::container<std::string>(rc::gen::inRange('g', 'z'));
  const auto facts = *rc::gen::container<std::vector<Learned>>(rc::gen::tuple(
      rc::gen::inRange<std::uint8_t>(0, fact_count), texts, rc::gen::inRange<std::uint8_t>(0, 4)));
  Identity identity;
  std::map<Fact, std::pair<std::string, Source>> model;
  for (const auto& [number, text, source_number] : facts) {
    const auto fact = static_cast<Fact>(number);
    const auto source = static_cast<Source>(source_number);
    identity.learn(fact, text, source);
    const bool address = fact == Fact::mac || fact == Fact::ip || fact == Fact::relay;
    if (text.empty() || address || source == Source::unknown) continue;
    auto& known = model[fact];
    if (source < known.second) continue;
    known = {text, source};
  }
  Identity copy;
  copy.learn(identity);
  RC_ASSERT(copy == identity);
  for (std::size_t i = 0; i < fact_count; ++i) {
    const auto fact = static_cast<Fact>(i);
    RC_ASSERT(std::string(identity[fact]) == model[fact].first);
    RC_ASSERT(identity.source(fact) == model[fact].second);
  }
}

}  // namespace
}  // namespace pixie::machines
