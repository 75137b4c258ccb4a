// What emitting costs the one who emits: a request that HTTP answers, as a loop tells it.
#include <memory>

#include <benchmark/benchmark.h>

#include "events/catalogue.h"
#include "events/stream.h"

namespace pixie::events {
namespace {

class Everything final : public View {
 public:
  bool wants(const Kind& kind) const override { return kind.severity != Severity::debug; }
  void take(const Record& record) override { benchmark::DoNotOptimize(record.fields.size()); }
};

class WithView : public benchmark::Fixture {
 public:
  void SetUp(const benchmark::State& state) override {
    if (state.thread_index() != 0) return;
    stream = std::make_unique<Stream>();
    stream->add(view);
  }
  void TearDown(const benchmark::State& state) override {
    if (state.thread_index() == 0) stream.reset();
  }

  Everything view;
  std::unique_ptr<Stream> stream;
};

void emit_request(Stream& stream) {
  stream.emit(http_done, {{"client", "192.0.2.7:51234"},
                          {"mac", "52:54:00:12:34:56"},
                          {"method", "GET"},
                          {"path", "extra/debian/linux"},
                          {"what", "file"},
                          {"status", 200},
                          {"bytes", 7'654'321},
                          {"seconds", 0.0123},
                          {"rate", "622.3MB/s"},
                          {"agent", "iPXE/2.0.0"},
                          {"reason", "-"}});
}

BENCHMARK_DEFINE_F(WithView, EmitsRequests)(benchmark::State& state) {
  for (auto _ : state) emit_request(*stream);
  if (state.thread_index() == 0) state.counters["dropped"] = static_cast<double>(stream->dropped());
}
BENCHMARK_REGISTER_F(WithView, EmitsRequests)->Threads(1)->Threads(2);

BENCHMARK_DEFINE_F(WithView, AsksForWhatNobodyWants)(benchmark::State& state) {
  for (auto _ : state) benchmark::DoNotOptimize(stream->wants(http_connected));
}
BENCHMARK_REGISTER_F(WithView, AsksForWhatNobodyWants);

}  // namespace
}  // namespace pixie::events
