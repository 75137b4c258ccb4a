// SQLite's C interface with owners and one sticky error. A connection and its queries are used by one thread.
#pragma once

#include <sqlite3.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "wire/error.h"

namespace pixie::store {

class Database;

/// One run of a prepared statement, from binding to its last row.
class Query {
 public:
  Query(Query&& other) noexcept
      : database_(other.database_), statement_(std::exchange(other.statement_, nullptr)) {}
  Query(const Query&) = delete;
  ~Query();

  /// Whether there is a (further) row; none after an error.
  bool next();
  // Columns of the row, from 0. Texts are valid until next().
  std::int64_t integer(int column) const { return sqlite3_column_int64(statement_, column); }
  std::string_view text(int column) const;

 private:
  friend class Database;
  Query(Database& database, sqlite3_stmt* statement)
      : database_(&database), statement_(statement) {}
  void bind(int place, std::int64_t value);
  void bind(int place, std::string_view value);

  Database* database_;
  /// Null after an error.
  sqlite3_stmt* statement_;
};

/// The first error stays: until it is taken, statements do nothing and have no rows. So a function runs all its
/// statements and asks once how it went.
class Database {
 public:
  /// `uri` is a `file:` URI or `:memory:`, `flags` are SQLITE_OPEN_…, `name` is what errors call it.
  static Expected<std::unique_ptr<Database>> open(const std::string& uri, int flags,
                                                  std::string name);
  Database(const Database&) = delete;

  /// `sql` must outlive the database, where its statement is prepared once; one query of it at a time. Values are
  /// integers and texts; they are copied.
  template <class... Values>
  Query query(std::string_view sql, const Values&... values) {
    Query query(*this, prepared(sql));
    int place = 0;
    (query.bind(++place, values), ...);
    return query;
  }
  /// A query that has no rows.
  template <class... Values>
  void run(std::string_view sql, const Values&... values) {
    query(sql, values...).next();
  }
  /// Statements that are needed once, separated by `;`.
  void execute(const std::string& statements);
  /// The number that stands first in a query's first row; 0 if it has none.
  std::int64_t number(std::string_view sql);
  /// Ends a transaction if one is under way, after an error too.
  void roll_back();
  /// How many rows the last statement changed.
  int changes() const { return sqlite3_changes(connection_.get()); }

  /// Makes an error of what the content tells.
  void fail(std::string_view text);
  bool failed() const { return error_.has_value(); }
  /// Takes the error, if there is one.
  Expected<void> result();

 private:
  friend class Query;
  struct Close {
    void operator()(sqlite3* connection) const { sqlite3_close(connection); }
  };
  struct Finalize {
    void operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }
  };

  Database(sqlite3* connection, std::string name)
      : name_(std::move(name)), connection_(connection) {}
  /// Null after an error.
  sqlite3_stmt* prepared(std::string_view sql);
  /// Makes an error of a result code that is one.
  void check(int code);

  const std::string name_;
  std::unique_ptr<sqlite3, Close> connection_;
  std::unordered_map<std::string_view, std::unique_ptr<sqlite3_stmt, Finalize>> statements_;
  std::optional<Error> error_;
};

}  // namespace pixie::store
