// The report of a storm, for people and as JSON.
#pragma once

#include <optional>
#include <string>

#include "app/storm_command.h"
#include "net/process_usage.h"
#include "net/storm.h"

namespace pixie::app {

/// `usage`: what the server used during the storm, if that is known.
std::string storm_text(const net::StormResult& result,
                       const std::optional<net::ProcessUsage>& usage);
std::string storm_json(const net::StormResult& result, const StormArguments& arguments,
                       const std::optional<net::ProcessUsage>& usage);

/// One line about a moment.
std::string storm_moment(const storm::Progress& progress, const storm::Report& report);

}  // namespace pixie::app
