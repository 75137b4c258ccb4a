#include "events/metrics.h"

#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <iterator>

#include <fmt/format.h>

#include "events/boot.h"
#include "events/catalogue.h"

namespace pixie::events {
namespace {

constexpr DurationHistogram::Bounds transfer_bounds{0.001, 0.005, 0.02, 0.1, 0.5, 1,
                                                    2,     5,     10,   30,  60,  300};
constexpr DurationHistogram::Bounds boot_bounds{5,  10,  15,  20,  30,   45,
                                                60, 120, 300, 600, 1800, 3600};

using Row = std::pair<const Kind*, std::string_view>;

/// How transfers end; each that began is counted once.
constexpr Row transfer_outcomes[] = {
    {&tftp_done, "complete"},         {&tftp_done_unconfirmed, "unconfirmed"},
    {&tftp_size_probe, "size_probe"}, {&tftp_client_aborted, "aborted"},
    {&tftp_replaced, "replaced"},     {&tftp_timeout, "timeout"},
    {&tftp_failed, "failed"},
};

constexpr Row tftp_refusals[] = {
    {&tftp_not_found, "not_found"}, {&tftp_probe_not_found, "optional_not_found"},
    {&tftp_refused, "refused"},     {&tftp_crowded, "crowded"},
    {&tftp_malformed, "malformed"},
};

/// What became of DHCP messages that came in.
constexpr Row dhcp_results[] = {
    {&dhcp_offered, "offered"},           {&dhcp_proxy_offered, "proxy_offered"},
    {&dhcp_acknowledged, "acknowledged"}, {&dhcp_boot_acknowledged, "boot_acknowledged"},
    {&dhcp_informed, "informed"},         {&dhcp_refused, "refused"},
    {&dhcp_released, "released"},         {&dhcp_declined, "declined"},
    {&dhcp_ignored, "ignored"},           {&dhcp_malformed, "malformed"},
};

constexpr Row reload_errors[] = {
    {&reload_failed, "settings"},
    {&fleet_mistake, "fleet"},
};

/// Of severity debug, and yet cheap and telling.
constexpr const Kind* wanted_though_debug[] = {&tftp_size_probe, &tftp_replaced,
                                               &tftp_probe_not_found, &dhcp_ignored};

constexpr Outcome outcomes[] = {Outcome::booted,     Outcome::local,     Outcome::handed_over,
                                Outcome::installing, Outcome::installed, Outcome::failed,
                                Outcome::stalled,    Outcome::superseded};

bool is_among(std::span<const Row> rows, const Kind& kind) {
  return std::ranges::find(rows, &kind, &Row::first) != rows.end();
}

/// The method as a label that no client can make up.
std::string_view method_label(std::string_view method) {
  constexpr std::string_view known[] = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"};
  const auto* found = std::ranges::find(known, method);
  return found == std::end(known) ? "other" : *found;
}

void write_head(std::string& out, std::string_view name, std::string_view type,
                std::string_view help) {
  fmt::format_to(std::back_inserter(out), "# HELP {0} {2}\n# TYPE {0} {1}\n", name, type, help);
}

template <class Value>
void write_single(std::string& out, std::string_view name, std::string_view type,
                  std::string_view help, Value value) {
  write_head(out, name, type, help);
  fmt::format_to(std::back_inserter(out), "{} {}\n", name, value);
}

/// proc_pid_statm(5); 0 where there is no /proc.
std::uint64_t resident_bytes() {
  std::ifstream file("/proc/self/statm");
  std::uint64_t size = 0;
  std::uint64_t resident = 0;
  file >> size >> resident;
  return resident * static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE));
}

}  // namespace

void DurationHistogram::observe(double seconds) {
  const auto place = std::ranges::lower_bound(bounds_, seconds) - bounds_.begin();
  ++counts_[static_cast<std::size_t>(place)];
  sum_ += seconds;
}

void DurationHistogram::write(std::string& out, std::string_view name) const {
  std::uint64_t so_far = 0;
  for (std::size_t i = 0; i < bounds_.size(); ++i) {
    so_far += counts_[i];
    fmt::format_to(std::back_inserter(out), "{}_bucket{{le=\"{}\"}} {}\n", name, bounds_[i],
                   so_far);
  }
  so_far += counts_.back();
  fmt::format_to(std::back_inserter(out),
                 "{0}_bucket{{le=\"+Inf\"}} {1}\n{0}_sum {2}\n{0}_count {1}\n", name, so_far, sum_);
}

Metrics::Metrics()
    : started_(std::chrono::system_clock::now()),
      tftp_seconds_(transfer_bounds),
      http_seconds_(transfer_bounds),
      boot_seconds_(boot_bounds) {
  for (const auto outcome : outcomes) boots_.emplace(outcome_name(outcome), 0);
}

bool Metrics::wants(const Kind& kind) const {
  return kind.severity != Severity::debug ||
         std::ranges::find(wanted_though_debug, &kind) != std::end(wanted_though_debug);
}

void Metrics::take(const Record& record) {
  const auto& kind = record.kind;
  const std::lock_guard lock(mutex_);
  ++counts_[&kind];
  if (is_among(transfer_outcomes, kind)) return take_transfer(record);
  if (&kind == &boot_ended) return take_boot_end(record);
  if (kind.id.starts_with("http.") || &kind == &rom_missing) take_request(record);
}

void Metrics::take_transfer(const Record& record) {
  tftp_bytes_ += static_cast<std::uint64_t>(record.number("bytes"));
  const bool whole = &record.kind == &tftp_done || &record.kind == &tftp_done_unconfirmed;
  if (whole) tftp_seconds_.observe(record.number("seconds"));
}

/// What was answered with a status, whole or not.
void Metrics::take_request(const Record& record) {
  const auto status = record.number("status");
  if (status == 0) return;
  ++requests_[{static_cast<unsigned>(status), method_label(record.text("method"))}];
  const auto bytes = static_cast<std::uint64_t>(record.number("bytes"));
  http_bytes_ += bytes;
  if (record.text("path").starts_with("mirror/")) mirror_bytes_ += bytes;
  if (&record.kind == &http_done) http_seconds_.observe(record.number("seconds"));
}

void Metrics::take_boot_end(const Record& record) {
  const auto found = boots_.find(record.text("outcome"));
  if (found != boots_.end()) ++found->second;
  boot_seconds_.observe(record.number("seconds"));
}

std::uint64_t Metrics::count(const Kind& kind) const {
  const auto found = counts_.find(&kind);
  return found == counts_.end() ? 0 : found->second;
}

/// `label` begins a line: `name{label`.
void Metrics::write_counts(std::string& out, std::string_view label,
                           std::span<const Row> rows) const {
  for (const auto& [kind, text] : rows)
    fmt::format_to(std::back_inserter(out), "{}=\"{}\"}} {}\n", label, text, count(*kind));
}

void Metrics::write_tftp(std::string& out) const {
  write_head(out, "pixie_tftp_transfers_total", "counter", "TFTP transfers by how they ended.");
  write_counts(out, "pixie_tftp_transfers_total{outcome", transfer_outcomes);
  write_head(out, "pixie_tftp_refused_total", "counter",
             "TFTP requests that led to no transfer, by the reason.");
  write_counts(out, "pixie_tftp_refused_total{reason", tftp_refusals);
  write_single(out, "pixie_tftp_sent_bytes_total", "counter",
               "Bytes of files that TFTP clients have received.", tftp_bytes_);
  write_head(out, "pixie_tftp_transfer_duration_seconds", "histogram",
             "How long TFTP transfers took that sent the whole file.");
  tftp_seconds_.write(out, "pixie_tftp_transfer_duration_seconds");
}

void Metrics::write_http(std::string& out) const {
  write_head(out, "pixie_http_requests_total", "counter",
             "HTTP requests by the status of the answer and by method.");
  for (const auto& [key, value] : requests_) {
    fmt::format_to(std::back_inserter(out),
                   "pixie_http_requests_total{{code=\"{}\",method=\"{}\"}} {}\n", key.first,
                   key.second, value);
  }
  write_single(out, "pixie_http_sent_bytes_total", "counter",
               "Bytes of the bodies of HTTP answers that were sent.", http_bytes_);
  write_head(out, "pixie_http_request_duration_seconds", "histogram",
             "How long HTTP requests took that were answered whole, without an error.");
  http_seconds_.write(out, "pixie_http_request_duration_seconds");
}

void Metrics::write_boots(std::string& out) const {
  write_head(out, "pixie_boots_total", "counter", "Boots of machines by how they ended.");
  std::uint64_t ended = 0;
  for (const auto& [outcome, value] : boots_) {
    fmt::format_to(std::back_inserter(out), "pixie_boots_total{{outcome=\"{}\"}} {}\n", outcome,
                   value);
    ended += value;
  }
  const auto started = std::max(count(boot_started), ended);
  write_single(out, "pixie_boots_active", "gauge", "Boots that are under way.", started - ended);
  write_head(out, "pixie_boot_duration_seconds", "histogram",
             "How long boots took, from the first to the last that was heard of them.");
  boot_seconds_.write(out, "pixie_boot_duration_seconds");
}

void Metrics::write_mirror(std::string& out, const Now::Mirror& mirror) const {
  write_head(out, "pixie_mirror_requests_total", "counter",
             "Files of the mirror that were asked for: here already, or to be fetched.");
  fmt::format_to(std::back_inserter(out),
                 "pixie_mirror_requests_total{{result=\"hit\"}} {}\n"
                 "pixie_mirror_requests_total{{result=\"miss\"}} {}\n",
                 mirror.hits, mirror.misses);
  write_single(out, "pixie_mirror_stale_total", "counter",
               "Hits that may have been outdated, because the upstream could not be asked.",
               mirror.stale);
  write_single(out, "pixie_mirror_fetched_bytes_total", "counter",
               "Bytes of files that came from upstreams.", mirror.fetched_bytes);
  write_single(out, "pixie_mirror_sent_bytes_total", "counter",
               "Bytes of the mirror's files that were sent to machines.", mirror_bytes_);
  write_single(out, "pixie_mirror_files", "gauge", "Files that the mirror has.", mirror.files);
  write_single(out, "pixie_mirror_bytes", "gauge", "What they take of the disk.", mirror.bytes);
}

void Metrics::write_machines(std::string& out, const Now& now) {
  write_single(out, "pixie_machines", "gauge", "Machines that are known.", now.machines);
  write_head(out, "pixie_machine_installs", "gauge",
             "Machines by how the last installation that a one-shot began stands.");
  for (const auto& [status, count] : now.installs) {
    fmt::format_to(std::back_inserter(out), "pixie_machine_installs{{status=\"{}\"}} {}\n", status,
                   count);
  }
}

std::string Metrics::exposition(const Now& now) const {
  std::string out;
  write_head(out, "pixie_build_info", "gauge", "The version that runs; always 1.");
  fmt::format_to(std::back_inserter(out), "pixie_build_info{{version=\"{}\"}} 1\n", now.version);
  const std::lock_guard lock(mutex_);
  write_head(out, "pixie_events_total", "counter", "Events by their kind.");
  for (const auto* kind : all) {
    if (!wants(*kind)) continue;
    fmt::format_to(std::back_inserter(out), "pixie_events_total{{event=\"{}\"}} {}\n", kind->id,
                   count(*kind));
  }
  write_single(out, "pixie_events_dropped_total", "counter",
               "Events that were left out because too many came at once.", now.dropped);
  write_tftp(out);
  write_single(out, "pixie_tftp_transfers_active", "gauge", "TFTP transfers that are open.",
               now.transfers);
  write_http(out);
  write_single(out, "pixie_http_connections", "gauge", "HTTP connections that are open.",
               now.connections);
  if (now.mirror) write_mirror(out, *now.mirror);
  write_head(out, "pixie_dhcp_messages_total", "counter",
             "DHCP messages that came in, by what was done with them.");
  write_counts(out, "pixie_dhcp_messages_total{result", dhcp_results);
  write_boots(out);
  write_machines(out, now);
  write_single(out, "pixie_live_listeners", "gauge", "Who follows the live stream of the API.",
               now.listeners);
  write_single(out, "pixie_store_errors_total", "counter",
               "Failed attempts to write what is known of machines.", count(registry_store_failed));
  write_head(out, "pixie_reload_errors_total", "counter",
             "Mistakes that were found when files were read again.");
  write_counts(out, "pixie_reload_errors_total{what", reload_errors);
  const std::chrono::duration<double> since_epoch = started_.time_since_epoch();
  write_single(out, "process_start_time_seconds", "gauge",
               "When the process started, in seconds since 1970.",
               fmt::format("{:.3f}", since_epoch.count()));
  write_single(out, "process_resident_memory_bytes", "gauge", "Memory in use, in bytes.",
               resident_bytes());
  return out;
}

}  // namespace pixie::events
