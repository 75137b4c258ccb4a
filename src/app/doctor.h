// `pixie doctor` and `pixie doctor probe`: why a machine does not boot, by watching, or by trying.
#pragma once

#include <string>

namespace pixie::app {

struct DoctorArguments {
  /// Empty: the first one that has an IPv4 address.
  std::string interface;
  /// How long to watch; 0: until a signal.
  unsigned seconds = 0;
  std::string architecture = "x64-uefi";
  /// Empty: an address of the doctor's own.
  std::string mac;
  /// How many seconds to collect answers.
  unsigned wait = 4;
};

/// Both return the exit code: success if every machine that was seen got its script (the probed one
/// would boot), failure if one did not, usage if an argument is wrong or a capability is missing.
int doctor_watch(const DoctorArguments& arguments);
int doctor_probe(const DoctorArguments& arguments);

}  // namespace pixie::app
