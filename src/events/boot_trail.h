// What was seen of a boot, beyond what its history shows, and what can be concluded when nothing more comes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "events/boot.h"

namespace pixie::events {

/// A file that was asked for.
struct FileSeen {
  std::uint64_t sent = 0;
  std::uint64_t size = 0;
  bool whole = false;
};

/// The last thing that went wrong; what is sent whole after it makes up for it.
struct Trouble {
  enum class What : std::uint8_t {
    /// The client ended the transfer, or the connection.
    aborted,
    /// The client fell silent in the middle.
    timed_out,
    /// The transfer ended on our side.
    ours,
    /// The file is not here, or it may not have it.
    missing,
  };
  What what;
  std::string path;
  std::string reason;
  std::uint64_t sent = 0;
};

class Files {
 public:
  /// `sent` bytes of `size` have gone out.
  void progress(std::string_view path, std::uint64_t sent, std::uint64_t size);
  /// All of it has, or all of a part that was asked for.
  void done(std::string_view path, std::uint64_t bytes, bool part);
  void broke_off(std::string_view path, std::uint64_t sent);

  bool none() const { return files_.empty() && others_ == 0; }
  bool all_whole() const { return !none() && under_way_ == 0; }
  std::uint64_t sent() const { return sent_; }
  std::uint64_t size() const { return size_; }

 private:
  /// Null if so many are known already that this one is only counted.
  FileSeen* find(std::string_view path);
  void count(FileSeen& file, std::uint64_t sent, std::uint64_t size, bool whole);

  std::map<std::string, FileSeen, std::less<>> files_;
  std::size_t others_ = 0;
  std::size_t under_way_ = 0;
  std::uint64_t sent_ = 0;
  std::uint64_t size_ = 0;
};

struct Trail {
  Time heard;
  /// Of DHCP's offer; empty: there was none.
  std::string firmware;
  std::string offered;
  std::string no_rom_for;
  std::string rom;
  bool rom_whole = false;
  bool asked_as_ipxe = false;
  bool menu = false;
  bool script = false;
  /// Nothing is for it, and its screen says so.
  bool without_script = false;
  bool to_disk = false;
  bool one_shot = false;
  Files files;
  std::optional<Trouble> trouble;
};

/// Why it went no further, and what to look at: a sentence.
std::string stall_cause(Stage stage, const Trail& trail);

}  // namespace pixie::events
