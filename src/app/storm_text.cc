#include "app/storm_text.h"

#include <array>
#include <iterator>
#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "app/progress.h"

namespace pixie::app {
namespace {

using Json = nlohmann::ordered_json;

struct Rank {
  const char* name;
  double part;
};
constexpr std::array ranks{Rank{"p50", 0.5}, Rank{"p90", 0.9}, Rank{"p99", 0.99}, Rank{"max", 1}};

double seconds(storm::Duration duration) { return std::chrono::duration<double>(duration).count(); }

}  // namespace

std::string storm_moment(const storm::Progress& progress, const storm::Report& report) {
  auto text = fmt::format("{} of {} machines done", progress.completed, progress.arrived);
  if (progress.failed > 0) text += fmt::format(", {} failed", progress.failed);
  for (std::size_t i = 0; i < storm::step_count; ++i) {
    if (progress.in_step[i] == 0) continue;
    text += fmt::format(", {} in {}", progress.in_step[i],
                        storm::step_name(static_cast<storm::Step>(i)));
  }
  const auto& traffic = report.traffic();
  return text + fmt::format("; {}", size_text(traffic.tftp_bytes + traffic.http_bytes));
}

std::string storm_text(const net::StormResult& result,
                       const std::optional<net::ProcessUsage>& usage) {
  const auto& report = result.report;
  const auto& traffic = report.traffic();
  const auto took = seconds(result.took);
  std::string out = fmt::format("{} completed, {} failed", report.completed(), report.failed());
  if (result.unfinished > 0) out += fmt::format(", {} unfinished", result.unfinished);
  out += fmt::format(" in {:.2f} s\n", took);
  if (report.completed() > 0) {
    out += "time to boot: ";
    for (const auto& [name, part] : ranks)
      out += fmt::format(" {} {:.3f} s", name, seconds(report.percentile(part)));
    out += '\n';
  }
  const auto bytes = traffic.tftp_bytes + traffic.http_bytes;
  out += fmt::format("bytes:         {} by TFTP, {} by HTTP, {}/s on average\n",
                     size_text(traffic.tftp_bytes), size_text(traffic.http_bytes),
                     size_text(static_cast<std::uint64_t>(static_cast<double>(bytes) / took)));
  out += fmt::format("               {} packets sent again, {} times told to come again later\n",
                     traffic.repeats, traffic.waits);
  if (usage) {
    out += fmt::format("server:        {:.2f} s of CPU, {} of memory, {} at most\n",
                       usage->cpu_seconds, size_text(usage->resident_bytes),
                       size_text(usage->peak_bytes));
  }
  for (const auto& [step, count, example] : report.causes()) {
    fmt::format_to(std::back_inserter(out), "failed in {}: {} [{}] {}\n    {}\n",
                   storm::step_name(step), count, example.id, example.cause, example.remedy);
  }
  return out;
}

std::string storm_json(const net::StormResult& result, const StormArguments& arguments,
                       const std::optional<net::ProcessUsage>& usage) {
  const auto& report = result.report;
  const auto& traffic = report.traffic();
  Json json{{"machines", arguments.machines}, {"seed", arguments.seed},
            {"arrive", arguments.arrive},     {"completed", report.completed()},
            {"failed", report.failed()},      {"unfinished", result.unfinished},
            {"seconds", seconds(result.took)}};
  auto& boot = json["boot_seconds"] = Json::object();
  if (report.completed() > 0) {
    for (const auto& [name, part] : ranks) boot[name] = seconds(report.percentile(part));
  }
  json["tftp_bytes"] = traffic.tftp_bytes;
  json["http_bytes"] = traffic.http_bytes;
  json["packets_sent_again"] = traffic.repeats;
  json["told_to_wait"] = traffic.waits;
  json["server"] = nullptr;
  if (usage) {
    json["server"] = {{"cpu_seconds", usage->cpu_seconds},
                      {"memory_bytes", usage->resident_bytes},
                      {"peak_memory_bytes", usage->peak_bytes}};
  }
  auto& failures = json["failures"] = Json::array();
  for (const auto& [step, count, example] : report.causes()) {
    failures.push_back({{"step", storm::step_name(step)},
                        {"count", count},
                        {"finding", example.id},
                        {"cause", example.cause},
                        {"remedy", example.remedy}});
  }
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + '\n';
}

}  // namespace pixie::app
