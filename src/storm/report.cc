#include "storm/report.h"

#include <algorithm>
#include <cmath>
#include <tuple>

namespace pixie::storm {

void Report::add(const Boot& boot) {
  traffic_.tftp_bytes += boot.traffic.tftp_bytes;
  traffic_.http_bytes += boot.traffic.http_bytes;
  traffic_.repeats += boot.traffic.repeats;
  traffic_.waits += boot.traffic.waits;
  if (!boot.failure) {
    times_.push_back(boot.took);
    return;
  }
  ++failed_;
  const auto same = std::ranges::find_if(causes_, [&boot](const Cause& cause) {
    return cause.step == boot.step && cause.example.id == boot.failure->id;
  });
  if (same != causes_.end()) {
    ++same->count;
  } else {
    causes_.push_back({boot.step, 1, *boot.failure});
  }
}

std::vector<Report::Cause> Report::causes() const {
  auto sorted = causes_;
  std::ranges::sort(sorted, [](const Cause& a, const Cause& b) {
    return std::tuple(a.step, b.count, a.example.id) < std::tuple(b.step, a.count, b.example.id);
  });
  return sorted;
}

Duration Report::percentile(double part) const {
  if (times_.empty()) return {};
  auto times = times_;
  const auto rank = static_cast<std::size_t>(std::ceil(part * static_cast<double>(times.size())));
  const auto index = std::clamp<std::size_t>(rank, 1, times.size()) - 1;
  std::ranges::nth_element(times, times.begin() + static_cast<std::ptrdiff_t>(index));
  return times[index];
}

}  // namespace pixie::storm
