// Counts what happens, for Prometheus: https://prometheus.io/docs/instrumenting/exposition_formats/, text format 0.0.4.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "events/stream.h"

namespace pixie::events {

/// How often a duration was at most each of the bounds, which are seconds.
class DurationHistogram {
 public:
  static constexpr std::size_t bound_count = 12;
  using Bounds = std::array<double, bound_count>;

  explicit DurationHistogram(const Bounds& bounds) : bounds_(bounds) {}
  void observe(double seconds);
  /// Appends its lines.
  void write(std::string& out, std::string_view name) const;

 private:
  Bounds bounds_;
  /// Each duration once, in the first that holds it; the last is for those beyond all bounds.
  std::array<std::uint64_t, bound_count + 1> counts_{};
  double sum_ = 0;
};

class Metrics final : public View {
 public:
  /// What is only known by asking when the metrics are read.
  struct Now {
    std::string_view version;
    /// TFTP transfers and HTTP connections that are open.
    std::size_t transfers = 0;
    std::size_t connections = 0;
    /// Who follows the live stream of the API.
    std::size_t listeners = 0;
    /// Machines that are known, and how the last installation of some of them stands, by its name.
    std::uint64_t machines = 0;
    std::array<std::pair<std::string_view, std::uint64_t>, 3> installs = {};
    /// Stream::dropped().
    std::uint64_t dropped = 0;
    /// Nothing: there is no mirror.
    struct Mirror {
      /// Answers from a copy, or from a fetch that was under way; those that began a fetch; copies that were outdated.
      std::uint64_t hits = 0;
      std::uint64_t misses = 0;
      std::uint64_t stale = 0;
      std::uint64_t fetched_bytes = 0;
      std::size_t files = 0;
      std::uint64_t bytes = 0;
    };
    std::optional<Mirror> mirror = {};
  };

  Metrics();

  /// Everything but the costly kinds of severity debug.
  bool wants(const Kind& kind) const override;
  void take(const Record& record) override;

  /// From any thread.
  std::string exposition(const Now& now) const;

 private:
  void take_transfer(const Record& record);
  void take_request(const Record& record);
  void take_boot_end(const Record& record);
  std::uint64_t count(const Kind& kind) const;
  void write_counts(std::string& out, std::string_view label,
                    std::span<const std::pair<const Kind*, std::string_view>> rows) const;
  void write_tftp(std::string& out) const;
  void write_http(std::string& out) const;
  void write_boots(std::string& out) const;
  void write_mirror(std::string& out, const Now::Mirror& mirror) const;
  static void write_machines(std::string& out, const Now& now);

  const std::chrono::system_clock::time_point started_;
  mutable std::mutex mutex_;
  std::unordered_map<const Kind*, std::uint64_t> counts_;
  std::uint64_t tftp_bytes_ = 0;
  std::uint64_t http_bytes_ = 0;
  std::uint64_t mirror_bytes_ = 0;
  /// By status and method.
  std::map<std::pair<unsigned, std::string_view>, std::uint64_t> requests_;
  /// By outcome.
  std::map<std::string, std::uint64_t, std::less<>> boots_;
  DurationHistogram tftp_seconds_;
  DurationHistogram http_seconds_;
  DurationHistogram boot_seconds_;
};

}  // namespace pixie::events
