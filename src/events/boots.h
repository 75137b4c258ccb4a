// Boots as they happen: of what is heard of machines, which boot of each is under way, how far it came and how it ended.
//
// A boot begins with DHCP's offer to firmware, with a request for a ROM, or with one for the menu or a script where
// none is under way. It has ended when it was sent to its disk, when all that it asked for was sent and it fell silent,
// when its installation called back, when it fell silent where it should have gone on, or when the next one began.
//
// No clock: the time comes with the records and with tick(). Used by one thread. Memory is bounded.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "events/boot.h"
#include "events/boot_trail.h"
#include "events/stream.h"
#include "wire/mac.h"

namespace pixie::events {

struct BootLimits {
  /// All that was asked for was sent: it has booted.
  std::chrono::seconds after_files{15};
  /// Its script names nothing here.
  std::chrono::seconds after_script{60};
  std::chrono::seconds after_offer{60};
  std::chrono::seconds after_rom{90};
  /// Somebody may be at the menu.
  std::chrono::seconds after_menu{180};
  /// A transfer broke off, or a file was not there.
  std::chrono::seconds after_trouble{30};
  /// A transfer of which nothing is heard any more.
  std::chrono::seconds after_silence{120};
  /// A request for the menu or a script begins another boot.
  std::chrono::seconds anew{600};
  /// A ROM that was loaded and is asked for again begins another boot.
  std::chrono::seconds rom_anew{10};
  /// An installation that never calls back.
  std::chrono::hours installation{24};
  std::size_t max_machines = 16'384;
};

class Boots {
 public:
  explicit Boots(const BootLimits& limits = {}) : limits_(limits) {}

  /// Whether records of this kind are of use here.
  static bool concerns(const Kind& kind);

  void take(const Record& record);
  /// To be called about once a second: ends what was silent for too long.
  void tick(Time now);
  /// The machine is to be known no more; its boot ends without news.
  void forget(const wire::Mac& mac);

  struct News {
    enum class What : std::uint8_t { started, ended };
    What what;
    Boot boot;
  };
  /// Beginnings and ends since the last call, in their order.
  std::vector<News> take_news();
  /// The machines whose boot under way has changed since the last call: see live().
  std::unordered_set<wire::Mac> take_changed();

  /// Null: none is under way.
  const Boot* live(const wire::Mac& mac) const;
  /// In no order.
  std::vector<Boot> live() const;

 private:
  struct Live {
    Boot boot;
    Trail trail;
  };
  using Handler = void (Boots::*)(const Record& record, const wire::Mac& mac);
  struct Row {
    const Kind* kind;
    Handler handler;
  };
  static std::span<const Row> rows();

  void on_offer(const Record& record, const wire::Mac& mac);
  void on_dhcp(const Record& record, const wire::Mac& mac);
  void on_held(const Record& record, const wire::Mac& mac);
  void on_progress(const Record& record, const wire::Mac& mac);
  void on_transfer(const Record& record, const wire::Mac& mac);
  void on_script(const Record& record, const wire::Mac& mac);
  void on_mistake(const Record& record, const wire::Mac& mac);
  void on_callback(const Record& record, const wire::Mac& mac);

  Live* find(const wire::Mac& mac);
  /// The boot that `what` belongs to, a new one where that begins one; null if there is none.
  Live* boot_of(const wire::Mac& mac, std::string_view what, Time when);
  /// A new boot of the machine; null if there are too many.
  Live* begin(const wire::Mac& mac, Time when);
  void add_step(Live& live, const Record& record, std::string_view text);
  void end(Live& live, Outcome outcome, std::string cause);
  void end_superseded(Live& live, Time when);

  const BootLimits limits_;
  std::unordered_map<wire::Mac, Live> live_;
  std::unordered_set<wire::Mac> changed_;
  std::vector<News> news_;
};

/// Tells the stream of a beginning or an end (boot.started, boot.ended).
void announce(Stream& stream, const Boots::News& news);

}  // namespace pixie::events
