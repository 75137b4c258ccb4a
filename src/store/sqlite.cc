#include "store/sqlite.h"

#include <fmt/format.h>

namespace pixie::store {
namespace {

/// What the owner can do about it; empty if the library's own words are all there is.
std::string_view advice(int code) {
  switch (code & 0xff) {
    case SQLITE_FULL:
      return ". Make room on its disk";
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      return ". The file is damaged: put a copy of it back, or move it away to begin anew";
    case SQLITE_READONLY:
    case SQLITE_CANTOPEN:
    case SQLITE_PERM:
      return ". Name a folder that pixie may write to";
    default:
      return "";
  }
}

}  // namespace

Query::~Query() {
  if (!statement_) return;
  sqlite3_reset(statement_);
  sqlite3_clear_bindings(statement_);
}

void Query::bind(int place, std::int64_t value) {
  if (statement_) database_->check(sqlite3_bind_int64(statement_, place, value));
}

void Query::bind(int place, std::string_view value) {
  if (!statement_) return;
  // A null pointer would bind NULL.
  const char* text = value.empty() ? "" : value.data();
  database_->check(sqlite3_bind_text64(statement_, place, text, value.size(),
                                       SQLITE_TRANSIENT,  // NOLINT(performance-no-int-to-ptr)
                                       SQLITE_UTF8));
}

bool Query::next() {
  if (!statement_ || database_->failed()) return false;
  const int code = sqlite3_step(statement_);
  if (code != SQLITE_ROW) database_->check(code);
  return code == SQLITE_ROW;
}

std::string_view Query::text(int column) const {
  const auto* text = sqlite3_column_text(statement_, column);
  if (!text) return {};
  return {reinterpret_cast<const char*>(text),
          static_cast<std::size_t>(sqlite3_column_bytes(statement_, column))};
}

Expected<std::unique_ptr<Database>> Database::open(const std::string& uri, int flags,
                                                   std::string name) {
  sqlite3* connection = nullptr;
  const int code = sqlite3_open_v2(uri.c_str(), &connection,
                                   flags | SQLITE_OPEN_URI | SQLITE_OPEN_NOMUTEX, nullptr);
  // A connection that could not be opened must be closed too.
  std::unique_ptr<Database> database(new Database(connection, std::move(name)));
  database->check(code);
  if (auto opened = database->result(); !opened) return std::unexpected(opened.error());
  sqlite3_extended_result_codes(connection, 1);
  // What a stranger's file could do by its schema alone.
  sqlite3_db_config(connection, SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
  sqlite3_db_config(connection, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, nullptr);
  return database;
}

void Database::execute(const std::string& statements) {
  if (failed()) return;
  check(sqlite3_exec(connection_.get(), statements.c_str(), nullptr, nullptr, nullptr));
}

std::int64_t Database::number(std::string_view sql) {
  auto row = query(sql);
  return row.next() ? row.integer(0) : 0;
}

void Database::roll_back() {
  if (sqlite3_get_autocommit(connection_.get()) != 0) return;
  sqlite3_exec(connection_.get(), "ROLLBACK", nullptr, nullptr, nullptr);
}

void Database::fail(std::string_view text) {
  if (!error_) error_ = Error{fmt::format("{}: {}", name_, text)};
}

Expected<void> Database::result() {
  if (auto error = std::exchange(error_, std::nullopt)) return std::unexpected(std::move(*error));
  return {};
}

sqlite3_stmt* Database::prepared(std::string_view sql) {
  if (failed()) return nullptr;
  auto& statement = statements_[sql];
  if (!statement) {
    sqlite3_stmt* made = nullptr;
    check(sqlite3_prepare_v3(connection_.get(), sql.data(), static_cast<int>(sql.size()),
                             SQLITE_PREPARE_PERSISTENT, &made, nullptr));
    statement.reset(made);
  }
  return statement.get();
}

void Database::check(int code) {
  if (code == SQLITE_OK || code == SQLITE_DONE || error_) return;
  const auto* words = connection_ ? sqlite3_errmsg(connection_.get()) : sqlite3_errstr(code);
  fail(fmt::format("{}{}", words, advice(code)));
}

}  // namespace pixie::store
