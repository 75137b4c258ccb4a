// The tables of pixie.db, and how an older file becomes one of today.
#pragma once

#include <cstdint>

#include "store/sqlite.h"

namespace pixie::store {

/// `PRAGMA application_id`, "pxie": says that a file is pixie's.
inline constexpr std::uint32_t application_id = 0x70786965;
/// `PRAGMA user_version` of a file that this pixie writes.
extern const int schema_version;

/// Brings the file to today's schema in one transaction, from whichever version it has; 0 is an empty file.
void migrate(Database& database);

}  // namespace pixie::store
