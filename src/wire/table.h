// A table for a terminal.
#pragma once

#include <ostream>
#include <string>
#include <vector>

namespace pixie::wire {

using Row = std::vector<std::string>;

/// Columns as wide as their longest text (counted in bytes), two blanks between them, no blanks at a line's end.
void print_table(const std::vector<Row>& rows, std::ostream& out);

}  // namespace pixie::wire
