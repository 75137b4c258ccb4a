// The API's JSON: the shapes of what is known of machines, boots and the fleet, as openapi.json describes them. Texts
// that are no UTF-8 never throw: what is wrong in them is replaced by U+FFFD.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json.hpp>

#include "api/call.h"
#include "events/boot.h"
#include "events/stream.h"
#include "machines/fleet.h"
#include "registry/registry.h"
#include "roms/catalogue.h"
#include "script/value.h"
#include "wire/diagnostic.h"

namespace pixie::api {

/// The members stand in the order in which they were put in.
using Json = nlohmann::ordered_json;

/// On one line.
std::string text_of(const Json& json);
/// 200, on one line and with a newline at its end.
Answer json_answer(const Json& json);
/// Null for an empty text, which stands for what is not known or not there.
Json text_or_null(std::string_view text);
/// RFC 3339, UTC, milliseconds. Null for the epoch: it never happened.
Json json_of(events::Time time);
Json json_of(const script::Value& value);
Json json_of(const script::Table& table);

Json boot_summary(const events::Boot& boot);
Json boot_with_steps(const events::Boot& boot);

/// A machine; the owner's word for its name wins over its own.
Json machine_summary(const registry::MachineView& view, const machines::Fleet& fleet,
                     bool has_own_script);
/// With every fact that is known of it.
Json machine_detail(const registry::MachineView& view, const machines::Fleet& fleet,
                    bool has_own_script);

Json profiles(const machines::Fleet& fleet);
Json rules(const machines::Fleet& fleet);
Json problems(const std::vector<wire::Diagnostic>& mistakes);
Json roms(const roms::Catalogue& catalogue);
Json log_record(const events::Record& record);

}  // namespace pixie::api
