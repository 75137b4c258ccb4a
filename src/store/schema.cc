#include "store/schema.h"

#include <array>
#include <string>
#include <string_view>

#include <fmt/format.h>

namespace pixie::store {
namespace {

/// The statements that lead from version i to version i + 1. What was released is never changed, only added to.
///
/// `mac` is the address as a number, so that it is the table's own order. Times are nanoseconds since 1970, 0 for
/// never. `facts` and the texts in JSON: see columns.h. `stage`, `outcome` and `install_status` are the numbers of their
/// enumerations, which grow at their ends only. Long columns stand last: a list without steps reads none of them.
constexpr std::array<std::string_view, 2> steps = {
    R"sql(
CREATE TABLE meta (name TEXT PRIMARY KEY, value) WITHOUT ROWID;
INSERT INTO meta VALUES ('version', 0), ('machines', 0);
CREATE TABLE machine (
  mac INTEGER PRIMARY KEY,
  version INTEGER NOT NULL,
  first_seen INTEGER NOT NULL,
  last_seen INTEGER NOT NULL,
  install_status INTEGER NOT NULL DEFAULT 0,
  install_when INTEGER NOT NULL DEFAULT 0,
  install_profile TEXT NOT NULL DEFAULT '',
  install_message TEXT NOT NULL DEFAULT '',
  facts TEXT NOT NULL,
  profile TEXT NOT NULL DEFAULT '',
  once TEXT NOT NULL DEFAULT '',
  vars TEXT NOT NULL DEFAULT '{}'
) STRICT;
CREATE TABLE boot (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  mac INTEGER NOT NULL REFERENCES machine (mac) ON DELETE CASCADE,
  started INTEGER NOT NULL,
  updated INTEGER NOT NULL,
  stage INTEGER NOT NULL,
  outcome INTEGER NOT NULL,
  bytes_sent INTEGER NOT NULL,
  bytes_total INTEGER NOT NULL,
  steps_left_out INTEGER NOT NULL,
  profile TEXT NOT NULL,
  because TEXT NOT NULL,
  cause TEXT NOT NULL,
  steps TEXT NOT NULL
) STRICT;
CREATE INDEX boot_of_machine ON boot (mac, id);
)sql",
    R"sql(
CREATE INDEX machine_by_install ON machine (install_status) WHERE install_status != 0;
)sql"};

}  // namespace

const int schema_version = static_cast<int>(steps.size());

void migrate(Database& database) {
  const auto from = database.number("PRAGMA user_version");
  if (from >= schema_version) return;
  std::string statements = "BEGIN IMMEDIATE;";
  for (auto i = static_cast<std::size_t>(from); i < steps.size(); ++i) statements += steps[i];
  statements += fmt::format("PRAGMA application_id = {}; PRAGMA user_version = {}; COMMIT;",
                            application_id, schema_version);
  database.execute(statements);
  database.roll_back();
}

}  // namespace pixie::store
