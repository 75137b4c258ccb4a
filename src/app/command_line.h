// What was asked for on the command line: serve, or one of the other commands.
#pragma once

#include <string>

#include "app/doctor.h"
#include "app/explain.h"
#include "app/fetch_command.h"
#include "app/image_files.h"
#include "app/machine_command.h"
#include "app/mirror_command.h"
#include "app/sandbox_command.h"
#include "app/settings.h"
#include "app/storm_command.h"
#include "app/tls_command.h"

namespace pixie::app {

enum class Command : std::uint8_t {
  serve,
  help,
  version,
  print_config,
  manual,
  manual_markdown,
  dhcp_config,
  roms_list,
  roms_export,
  roms_import,
  roms_verify,
  images_show,
  images_list,
  images_cat,
  doctor_watch,
  doctor_probe,
  machine,
  check,
  explain,
  mirror,
  fetch,
  sandbox,
  storm,
  tls_init,
};

struct CommandLine {
  Command command = Command::serve;
  /// `help`: the command that it is wanted for; empty: all of pixie.
  std::string help_on;
  /// The settings that were given.
  Values values;
  std::string config_file;
  /// The file or folder that a `roms` command works on; the kind of server of `dhcp-config`; the
  /// folder of `check`; the image of `images show`.
  std::string operand;
  /// `dhcp-config --address`.
  std::string address;
  /// `roms list --long`: hashes in full.
  bool long_listing = false;
  /// `roms export --force`.
  bool force = false;
  DoctorArguments doctor;
  MachineArguments machine;
  ExplainArguments explain;
  ImageFileArguments image_files;
  MirrorArguments mirror;
  FetchArguments fetch;
  SandboxArguments sandbox;
  StormArguments storm;
  TlsArguments tls;
};

/// The error is one sentence, with the nearest thing that would have been right.
Expected<CommandLine> parse_command_line(int argc, const char* const* argv);

}  // namespace pixie::app
