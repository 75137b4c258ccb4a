// How the loading of a file ended, and what that means for the machine that wanted it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "doctor/finding.h"
#include "wire/address.h"

namespace pixie::doctor {

/// How an attempt to load a file ended.
struct Fetch {
  enum class Outcome : std::uint8_t {
    /// All of it, or as much as was wanted, is there.
    done,
    /// Nothing came.
    silent,
    /// The port is closed.
    closed,
    /// There is no way to the server.
    unreachable,
    /// The server said no; `status` and `detail` say how.
    refused,
    /// It began and did not end.
    stalled,
    /// Not tried: another protocol, or a host's name, which the machine's DNS would have to know.
    unchecked,
  };

  std::string url;
  wire::IpAddress server;
  Outcome outcome = Outcome::silent;
  /// HTTP status or TFTP error code.
  std::uint16_t status = 0;
  std::string detail;
  /// Where a 3xx status leads to; empty otherwise.
  std::string redirection;
  /// Its beginning, as far as that was kept.
  std::string content;
  std::uint64_t size = 0;
};

struct UrlParts {
  std::string_view scheme;
  /// With the port, if there is one.
  std::string_view host;
  /// With its slash; empty if there is none.
  std::string_view path;
};
/// Without a scheme all of it is path.
UrlParts split_url(std::string_view url);

/// Why it isn't there; for a fetch that was tried and is not `done`.
Fault fault_of(const Fetch& fetch);

/// With the server and the file's name; `detail` stands for the fetch's own.
Finding finding_of(Fault fault, const Fetch& fetch, const std::string& detail = {});

/// What is wrong with the first script that iPXE loads; `rom` is the beginning of the program that it runs as.
std::optional<Finding> fault_of_first_script(const Fetch& script, std::string_view rom);

/// What is wrong with a script that a script chains; nothing if it wasn't tried. `own`: it is named after the machine,
/// and so can't be a program.
std::optional<Finding> fault_of_script(const Fetch& script, bool own);

/// What is wrong with a file that a script names; nothing if it wasn't tried.
std::optional<Finding> fault_of_file(const Fetch& file);

}  // namespace pixie::doctor
