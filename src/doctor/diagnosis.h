// What keeps a machine from booting, concluded from what was seen of it.
#pragma once

#include <vector>

#include "doctor/finding.h"
#include "doctor/timeline.h"

namespace pixie::doctor {

/// The rules look from the first step to the last and stop at the first one that is missing; what
/// is wrong without stopping the boot stands before. Empty: the machine got its script and nothing
/// was wrong.
std::vector<Finding> diagnose(const Machine& machine, const Timeline& network);

}  // namespace pixie::doctor
