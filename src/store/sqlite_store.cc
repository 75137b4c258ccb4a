// The store on SQLite.
#include <sys/random.h>

#include <algorithm>
#include <chrono>
#include <utility>

#include "store/columns.h"
#include "store/schema.h"
#include "store/sqlite.h"
#include "store/state_file.h"
#include "store/store.h"

namespace pixie::store {
namespace {

using std::chrono::nanoseconds;

constexpr int boots_kept = 50;

std::int64_t number_of(const wire::Mac& mac) {
  std::int64_t number = 0;
  for (const auto octet : mac.octets) number = number << 8 | octet;
  return number;
}

wire::Mac mac_of(std::int64_t number) {
  wire::Mac mac;
  for (auto i = mac.octets.size(); i-- > 0; number >>= 8) {
    mac.octets[i] = static_cast<std::uint8_t>(number);
  }
  return mac;
}

std::int64_t number_of(Time time) { return nanoseconds(time.time_since_epoch()).count(); }
Time time_of(std::int64_t number) {
  return Time(std::chrono::duration_cast<Time::duration>(nanoseconds(number)));
}

/// The enumerator of a number that was written as one; the last one for what is none.
template <class Enum>
Enum enumerator(std::int64_t number, Enum last) {
  return static_cast<Enum>(std::clamp<std::int64_t>(number, 0, static_cast<std::int64_t>(last)));
}

machines::Identity with_mac(machines::Identity identity, const wire::Mac& mac) {
  identity.learn(machines::Fact::mac, mac.colons(), machines::Source::claimed);
  return identity;
}

/// The columns of row_of() and boot_of().
#define SELECT_MACHINE                                                        \
  "SELECT mac, version, first_seen, last_seen, install_status, install_when," \
  " install_profile, install_message, facts, profile, once, vars FROM machine "
#define BOOT_COLUMNS                                                                    \
  "id, mac, started, updated, stage, outcome, bytes_sent, bytes_total, steps_left_out," \
  " profile, because, cause"

class SqliteStore final : public Store {
 public:
  /// The lock, if there is one, is let go after the database.
  SqliteStore(std::optional<FolderLock> lock, std::unique_ptr<Database> database)
      : lock_(std::move(lock)), database_(std::move(database)), db_(*database_) {}

  Expected<void> batch(const std::function<Expected<void>()>& work) override;
  Expected<std::vector<MachineRow>> machines(std::optional<wire::Mac> after, std::size_t limit,
                                             std::string_view text) override;
  Expected<std::optional<MachineRow>> machine(const wire::Mac& mac) override;
  Expected<void> each_assignment(
      const std::function<void(const wire::Mac&, const machines::Assignment&)>& take) override;
  Expected<void> each_installation(
      const std::function<void(const wire::Mac&, const std::string&)>& take) override;
  Expected<std::uint64_t> count() override;
  Expected<InstallCounts> count_installs() override;
  Expected<void> saw(const wire::Mac& mac, const machines::Identity& identity, Time when) override;
  Expected<std::optional<MachineRow>> assign(const wire::Mac& mac,
                                             const machines::Assignment& assignment,
                                             std::optional<std::uint64_t> expected) override;
  Expected<void> set_install(const wire::Mac& mac, const Install& install) override;
  Expected<std::optional<bool>> forget(const wire::Mac& mac,
                                       std::optional<std::uint64_t> expected) override;
  Expected<std::uint64_t> write(const events::Boot& boot) override;
  Expected<std::optional<events::Boot>> last_boot(const wire::Mac& mac, bool with_steps) override;
  Expected<std::vector<events::Boot>> boots(const wire::Mac& mac) override;
  Expected<std::vector<events::Boot>> recent_boots(std::uint64_t before,
                                                   std::size_t limit) override;
  Expected<std::string> secret() override;

 private:
  /// Runs the statements of `work` as one transaction, and gives `value` if they all worked.
  template <class Value, class Work>
  Expected<Value> change(const Value& value, const Work& work);
  template <class Value>
  Expected<Value> read(Value value);

  // Within read() or change(): an error stays in the database.

  MachineRow row_of(const Query& query);
  std::optional<MachineRow> find(const wire::Mac& mac);
  /// 0 if the machine is not there.
  std::uint64_t version_of(const wire::Mac& mac);
  /// Greater than any before, also of machines that were forgotten.
  std::int64_t next_version();
  void make(const wire::Mac& mac, const machines::Identity& identity, Time first, Time last);
  static events::Boot boot_of(const Query& query);
  void add_steps(events::Boot& boot, const Query& query);

  std::optional<FolderLock> lock_;
  std::unique_ptr<Database> database_;
  Database& db_;
  bool in_batch_ = false;
  /// What went wrong within the batch: nothing of it will be kept.
  std::optional<Error> broken_;
};

Expected<void> SqliteStore::batch(const std::function<Expected<void>()>& work) {
  if (broken_) return std::unexpected(*broken_);
  if (in_batch_) {
    auto result = work();
    if (!result) broken_ = result.error();
    return result;
  }
  db_.execute("BEGIN IMMEDIATE");
  if (auto begun = db_.result(); !begun) return begun;
  in_batch_ = true;
  struct Ending {
    SqliteStore& store;
    ~Ending() {
      store.in_batch_ = false;
      store.broken_.reset();
      store.db_.roll_back();
    }
  } const ending{*this};
  auto result = work();
  if (broken_) return std::unexpected(*broken_);
  if (!result) return result;
  db_.execute("COMMIT");
  return db_.result();
}

template <class Value, class Work>
Expected<Value> SqliteStore::change(const Value& value, const Work& work) {
  const auto changed = batch([&] {
    work();
    return db_.result();
  });
  if (!changed) return std::unexpected(changed.error());
  return value;
}

template <class Value>
Expected<Value> SqliteStore::read(Value value) {
  if (auto result = db_.result(); !result) return std::unexpected(std::move(result.error()));
  return value;
}

MachineRow SqliteStore::row_of(const Query& query) {
  MachineRow row;
  row.mac = mac_of(query.integer(0));
  row.version = static_cast<std::uint64_t>(query.integer(1));
  row.first_seen = time_of(query.integer(2));
  row.last_seen = time_of(query.integer(3));
  row.install.status = enumerator(query.integer(4), Install::Status::failed);
  row.install.when = time_of(query.integer(5));
  row.install.profile = query.text(6);
  row.install.message = query.text(7);
  row.identity = read_facts(query.text(8));
  row.assignment.profile = query.text(9);
  row.assignment.once = query.text(10);
  auto vars = read_vars(query.text(11));
  if (vars) {
    row.assignment.vars = std::move(*vars);
  } else {
    db_.fail(vars.error().text);
  }
  return row;
}

std::optional<MachineRow> SqliteStore::find(const wire::Mac& mac) {
  auto query = db_.query(SELECT_MACHINE "WHERE mac = ?", number_of(mac));
  if (!query.next()) return std::nullopt;
  return row_of(query);
}

Expected<std::vector<MachineRow>> SqliteStore::machines(std::optional<wire::Mac> after,
                                                        std::size_t limit, std::string_view text) {
  std::string wanted(text);
  std::ranges::transform(wanted, wanted.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c;
  });
  std::vector<MachineRow> rows;
  auto query =
      db_.query(SELECT_MACHINE "WHERE mac > ? ORDER BY mac", after ? number_of(*after) : -1);
  while (rows.size() < limit && query.next()) {
    if (wanted.empty() || facts_contain(query.text(8), wanted)) rows.push_back(row_of(query));
  }
  return read(std::move(rows));
}

Expected<std::optional<MachineRow>> SqliteStore::machine(const wire::Mac& mac) {
  return read(find(mac));
}

Expected<void> SqliteStore::each_assignment(
    const std::function<void(const wire::Mac&, const machines::Assignment&)>& take) {
  auto query = db_.query(SELECT_MACHINE "WHERE profile != '' OR once != '' OR vars != '{}'");
  while (query.next()) {
    const auto row = row_of(query);
    if (!db_.failed()) take(row.mac, row.assignment);
  }
  return db_.result();
}

Expected<void> SqliteStore::each_installation(
    const std::function<void(const wire::Mac&, const std::string&)>& take) {
  // The boot that took the one-shot may have been lost (it is written after the claim), or may have begun with it.
  auto query = db_.query(
      "SELECT mac, install_profile FROM machine WHERE install_status = ? AND install_status != 0"
      " AND coalesce((SELECT started <= install_when OR because = ? FROM boot"
      "  WHERE boot.mac = machine.mac AND because != '' ORDER BY id DESC LIMIT 1), true)",
      static_cast<std::int64_t>(Install::Status::started),
      machines::because_name(machines::Because::once));
  while (query.next()) take(mac_of(query.integer(0)), std::string(query.text(1)));
  return db_.result();
}

Expected<std::uint64_t> SqliteStore::count() {
  return read(
      static_cast<std::uint64_t>(db_.number("SELECT value FROM meta WHERE name = 'machines'")));
}

Expected<InstallCounts> SqliteStore::count_installs() {
  InstallCounts counts;
  auto query = db_.query(
      "SELECT install_status, count(*) FROM machine WHERE install_status != 0"
      " GROUP BY install_status");
  while (query.next()) {
    const auto count = static_cast<std::uint64_t>(query.integer(1));
    const auto status = enumerator(query.integer(0), Install::Status::failed);
    if (status == Install::Status::started) counts.started = count;
    if (status == Install::Status::done) counts.done = count;
    if (status == Install::Status::failed) counts.failed = count;
  }
  return read(counts);
}

std::uint64_t SqliteStore::version_of(const wire::Mac& mac) {
  auto query = db_.query("SELECT version FROM machine WHERE mac = ?", number_of(mac));
  return query.next() ? static_cast<std::uint64_t>(query.integer(0)) : 0;
}

std::int64_t SqliteStore::next_version() {
  db_.run("UPDATE meta SET value = value + 1 WHERE name = 'version'");
  return db_.number("SELECT value FROM meta WHERE name = 'version'");
}

void SqliteStore::make(const wire::Mac& mac, const machines::Identity& identity, Time first,
                       Time last) {
  db_.run("INSERT INTO machine (mac, version, first_seen, last_seen, facts) VALUES (?, ?, ?, ?, ?)",
          number_of(mac), next_version(), number_of(first), number_of(last),
          facts_column(with_mac(identity, mac)));
  db_.run("UPDATE meta SET value = value + 1 WHERE name = 'machines'");
}

Expected<void> SqliteStore::saw(const wire::Mac& mac, const machines::Identity& identity,
                                Time when) {
  return batch([&] {
    if (auto known = find(mac)) {
      known->identity.learn(with_mac(identity, mac));
      db_.run(
          "UPDATE machine SET facts = ?1, last_seen = max(last_seen, ?2),"
          " first_seen = iif(first_seen = 0, ?2, first_seen) WHERE mac = ?3",
          facts_column(known->identity), number_of(when), number_of(mac));
    } else {
      make(mac, identity, when, when);
    }
    return db_.result();
  });
}

Expected<std::optional<MachineRow>> SqliteStore::assign(const wire::Mac& mac,
                                                        const machines::Assignment& assignment,
                                                        std::optional<std::uint64_t> expected) {
  std::optional<MachineRow> row;
  return change(row, [&] {
    const auto known = version_of(mac);
    if (expected && known != *expected) return;
    if (known == 0) {
      machines::Identity identity;
      identity.learn(machines::Fact::mac, mac.colons(), machines::Source::configured);
      make(mac, identity, {}, {});
    }
    db_.run("UPDATE machine SET version = ?, profile = ?, once = ?, vars = ? WHERE mac = ?",
            next_version(), assignment.profile, assignment.once, vars_column(assignment.vars),
            number_of(mac));
    row = find(mac);
  });
}

Expected<void> SqliteStore::set_install(const wire::Mac& mac, const Install& install) {
  return batch([&] {
    db_.run(
        "UPDATE machine SET install_status = ?, install_when = ?, install_profile = ?,"
        " install_message = ? WHERE mac = ?",
        static_cast<std::int64_t>(install.status), number_of(install.when), install.profile,
        install.message, number_of(mac));
    return db_.result();
  });
}

Expected<std::optional<bool>> SqliteStore::forget(const wire::Mac& mac,
                                                  std::optional<std::uint64_t> expected) {
  std::optional<bool> forgotten;
  return change(forgotten, [&] {
    if (expected && version_of(mac) != *expected) return;
    db_.run("DELETE FROM machine WHERE mac = ?", number_of(mac));
    forgotten = db_.changes() > 0;
    if (*forgotten) db_.run("UPDATE meta SET value = value - 1 WHERE name = 'machines'");
  });
}

Expected<std::uint64_t> SqliteStore::write(const events::Boot& boot) {
  std::uint64_t id = boot.id;
  return change(id, [&] {
    const auto mac = number_of(boot.mac);
    if (version_of(boot.mac) == 0) make(boot.mac, {}, boot.started, boot.updated);
    db_.run("INSERT OR REPLACE INTO boot (" BOOT_COLUMNS
            ", steps) VALUES (nullif(?, 0), ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            static_cast<std::int64_t>(boot.id), mac, number_of(boot.started),
            number_of(boot.updated), static_cast<std::int64_t>(boot.stage),
            static_cast<std::int64_t>(boot.outcome), static_cast<std::int64_t>(boot.bytes_sent),
            static_cast<std::int64_t>(boot.bytes_total),
            static_cast<std::int64_t>(boot.steps_left_out), boot.profile, boot.because, boot.cause,
            steps_column(boot.steps));
    if (boot.id != 0) return;
    id = static_cast<std::uint64_t>(db_.number("SELECT last_insert_rowid()"));
    db_.run(
        "DELETE FROM boot WHERE mac = ?1 AND id <="
        " (SELECT id FROM boot WHERE mac = ?1 ORDER BY id DESC LIMIT 1 OFFSET ?2)",
        mac, static_cast<std::int64_t>(boots_kept));
  });
}

events::Boot SqliteStore::boot_of(const Query& query) {
  events::Boot boot;
  boot.id = static_cast<std::uint64_t>(query.integer(0));
  boot.mac = mac_of(query.integer(1));
  boot.started = time_of(query.integer(2));
  boot.updated = time_of(query.integer(3));
  boot.stage = enumerator(query.integer(4), events::Stage::system);
  boot.outcome = enumerator(query.integer(5), events::Outcome::superseded);
  boot.bytes_sent = static_cast<std::uint64_t>(query.integer(6));
  boot.bytes_total = static_cast<std::uint64_t>(query.integer(7));
  boot.steps_left_out = static_cast<std::uint64_t>(query.integer(8));
  boot.profile = query.text(9);
  boot.because = query.text(10);
  boot.cause = query.text(11);
  return boot;
}

void SqliteStore::add_steps(events::Boot& boot, const Query& query) {
  if (auto steps = read_steps(query.text(12))) {
    boot.steps = std::move(*steps);
  } else {
    db_.fail(steps.error().text);
  }
}

Expected<std::optional<events::Boot>> SqliteStore::last_boot(const wire::Mac& mac,
                                                             bool with_steps) {
  std::optional<events::Boot> boot;
  auto query =
      db_.query("SELECT " BOOT_COLUMNS ", steps FROM boot WHERE mac = ? ORDER BY id DESC LIMIT 1",
                number_of(mac));
  if (query.next()) {
    boot = boot_of(query);
    if (with_steps) add_steps(*boot, query);
  }
  return read(std::move(boot));
}

Expected<std::vector<events::Boot>> SqliteStore::boots(const wire::Mac& mac) {
  std::vector<events::Boot> boots;
  auto query = db_.query("SELECT " BOOT_COLUMNS ", steps FROM boot WHERE mac = ? ORDER BY id DESC",
                         number_of(mac));
  while (query.next()) {
    boots.push_back(boot_of(query));
    add_steps(boots.back(), query);
  }
  return read(std::move(boots));
}

Expected<std::vector<events::Boot>> SqliteStore::recent_boots(std::uint64_t before,
                                                              std::size_t limit) {
  std::vector<events::Boot> boots;
  auto query = db_.query("SELECT " BOOT_COLUMNS
                         " FROM boot WHERE ?1 = 0 OR id < ?1 ORDER BY id DESC LIMIT ?2",
                         static_cast<std::int64_t>(before), static_cast<std::int64_t>(limit));
  while (query.next()) boots.push_back(boot_of(query));
  return read(std::move(boots));
}

Expected<std::string> SqliteStore::secret() {
  constexpr std::string_view find_secret = "SELECT value FROM meta WHERE name = 'secret'";
  if (auto query = db_.query(find_secret); query.next()) return read(std::string(query.text(0)));
  std::string secret(32, '\0');
  if (getentropy(secret.data(), secret.size()) != 0) return fail("the system gives no randomness");
  return change(secret,
                [&] { db_.run("INSERT INTO meta VALUES ('secret', cast(? AS BLOB))", secret); });
}

}  // namespace

Expected<std::unique_ptr<Store>> Store::open(const std::string& folder) {
  std::optional<FolderLock> lock;
  Expected<std::unique_ptr<Database>> database;
  if (folder.empty()) {
    database = Database::open(":memory:", SQLITE_OPEN_READWRITE, "the store in memory");
    if (database) migrate(**database);
  } else {
    auto taken = FolderLock::take(folder);
    if (!taken) return std::unexpected(taken.error());
    lock.emplace(std::move(*taken));
    database = open_state_file(folder);
  }
  if (!database) return std::unexpected(database.error());
  // Files beside the database's folder may be out of reach.
  (*database)->execute("PRAGMA foreign_keys = ON; PRAGMA temp_store = MEMORY");
  if (auto opened = (*database)->result(); !opened) return std::unexpected(opened.error());
  return std::make_unique<SqliteStore>(std::move(lock), std::move(*database));
}

}  // namespace pixie::store
