#include "tftp/unconfirmed.h"

#include <algorithm>

namespace pixie::tftp {
namespace {

wire::Endpoint key_of(wire::IpAddress source) {
  if (!source.is_v4()) std::fill(source.octets.begin() + 8, source.octets.end(), std::uint8_t{0});
  return {source, 0};
}

}  // namespace

bool Unconfirmed::take(const wire::IpAddress& source, TimePoint now) {
  if (most_ == 0) return true;
  if (sources_.size() >= most_sources) {
    std::erase_if(sources_, [&](auto& known) { return known.second.full(now); });
    if (sources_.size() >= most_sources) sources_.clear();
  }
  return sources_.try_emplace(key_of(source), most_, most_).first->second.take(now);
}

void Unconfirmed::give_back(const wire::IpAddress& source) {
  const auto known = sources_.find(key_of(source));
  if (known != sources_.end()) known->second.give_back();
}

}  // namespace pixie::tftp
