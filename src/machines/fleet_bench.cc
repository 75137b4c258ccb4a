// What a decision costs with many machines: each has an entry, or a rule for its serial number.
#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include "machines/decide.h"
#include "machines/fleet.h"

namespace pixie::machines {
namespace {

wire::Mac numbered(std::int64_t number) {
  wire::Mac mac{{0x52, 0x54}};
  for (std::size_t i = 5; i > 1; --i, number >>= 8)
    mac.octets[i] = static_cast<std::uint8_t>(number);
  return mac;
}

constexpr std::string_view profiles = R"([profiles.debian]
kernel = "/extra/linux"
initrd = "/extra/initrd.gz"
cmdline = "auto=true url={{server}}/t/preseed.cfg?mac={{mac}} hostname={{hostname}} disk={{disk}}"
[profiles.disk]
local = true
[groups.web]
profile = "debian"
)";

Sources entries(std::int64_t count) {
  std::string toml(profiles);
  for (std::int64_t i = 0; i < count; ++i) {
    toml += fmt::format(
        "[machines.\"{}\"]\nhostname = \"web{}\"\ngroups = [\"web\"]\nvars = {{ disk = "
        "\"/dev/vda\" "
        "}}\n",
        numbered(i).colons(), i);
  }
  return {.settings = {{"pixie.toml", std::move(toml)}}, .texts = {}};
}

Sources rules(std::int64_t count) {
  std::string toml(profiles);
  toml += "[groups.web.vars]\ndisk = \"/dev/vda\"\n";
  for (int i = 0; i < 20; ++i) {
    toml += fmt::format(
        "[[rules]]\nsubnet = \"10.{}.0.0/16\"\nproduct = \"Model {} *\"\n"
        "profile = \"disk\"\n",
        i, i);
  }
  for (std::int64_t i = 0; i < count; ++i)
    toml += fmt::format("[[rules]]\nserial = \"SN-{}\"\nprofile = \"debian\"\n", i);
  return {.settings = {{"pixie.toml", std::move(toml)}}, .texts = {}};
}

Identity machine(std::int64_t number) {
  Identity identity;
  identity.learn(Fact::mac, numbered(number).colons(), Source::observed);
  identity.learn(Fact::serial, fmt::format("sn-{}", number), Source::claimed);
  identity.learn(Fact::ip, "10.99.1.1", Source::observed);
  identity.learn(Fact::product, "Model 99 X", Source::claimed);
  identity.learn(Fact::hostname, "h", Source::claimed);
  return identity;
}

void decide_all(benchmark::State& state, const Sources& sources) {
  const auto fleet = *Fleet::load(sources);
  std::vector<Identity> asking;
  for (std::int64_t i = 0; i < 1024; ++i) asking.push_back(machine(i * state.range(0) / 1024));
  std::size_t next = 0;
  for (auto _ : state) {
    const Question question{.identity = asking[next++ % asking.size()]};
    benchmark::DoNotOptimize(decide(*fleet, question));
  }
}

void DecideByEntry(benchmark::State& state) { decide_all(state, entries(state.range(0))); }
BENCHMARK(DecideByEntry)->Arg(100)->Arg(10'000)->Arg(100'000);

void DecideByRule(benchmark::State& state) { decide_all(state, rules(state.range(0))); }
BENCHMARK(DecideByRule)->Arg(100)->Arg(10'000)->Arg(100'000);

void DecideAndRender(benchmark::State& state) {
  const auto fleet = *Fleet::load(entries(state.range(0)));
  const auto identity = machine(7);
  const Here here{.server = "http://192.0.2.1", .host = "192.0.2.1", .callback = "http://c"};
  for (auto _ : state) {
    const auto decision = decide(*fleet, {.identity = identity});
    const Variables variables(identity, decision, nullptr, here);
    auto script = boot_script(*decision.profile, decision, variables, here);
    if (!script) state.SkipWithError("no script");
    benchmark::DoNotOptimize(script);
  }
}
BENCHMARK(DecideAndRender)->Arg(100'000);

void Load(benchmark::State& state) {
  const auto sources = entries(state.range(0));
  for (auto _ : state) benchmark::DoNotOptimize(Fleet::load(sources));
}
BENCHMARK(Load)->Arg(100)->Arg(10'000)->Arg(100'000)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace pixie::machines
