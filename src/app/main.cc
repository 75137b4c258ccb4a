// pixie's main(): what was asked for, and the exit code.
#include <ctime>
#include <exception>
#include <iostream>

#include <fmt/chrono.h>
#include <fmt/format.h>

#include "app/check.h"
#include "app/command_line.h"
#include "app/dhcp_config.h"
#include "app/exit_code.h"
#include "app/explain.h"
#include "app/image_files.h"
#include "app/images_command.h"
#include "app/manual.h"
#include "app/serve.h"
#include "roms/command.h"

namespace pixie::app {
namespace {

int print(const std::string& text) {
  std::cout << text << std::flush;
  return std::cout ? success : failure;
}

int print_config(const CommandLine& line) {
  const auto values = gather_values(line);
  if (!values) return complain(usage, values.error());
  return print(to_toml(*values));
}

Expected<void> run_roms_command(const CommandLine& line, const Settings& settings) {
  const auto& catalogue = *settings.layout.catalogue;
  switch (line.command) {
    case Command::roms_export:
      return roms::export_to(catalogue, line.operand, line.force, std::cout);
    case Command::roms_verify:
      return roms::verify(catalogue, std::cout);
    default:
      return roms::list(catalogue, line.long_listing, std::cout);
  }
}

int roms_command(const CommandLine& line) {
  const auto values = gather_values(line);
  if (!values) return complain(usage, values.error());
  if (line.command == Command::roms_import) {
    // The folder may not exist yet, so it is not interpreted as one to serve from.
    const auto& folder = values->find("roms")->second.text;
    if (folder.empty())
      return complain(usage, {"roms import: name the folder to fill with --roms DIR"});
    const auto today = fmt::format("{:%F}", fmt::gmtime(std::time(nullptr)));
    const auto done = roms::import_from(line.operand, folder, today, std::cout);
    return done ? success : complain(failure, done.error());
  }
  const auto settings = interpret(*values);
  if (!settings) return complain(usage, settings.error());
  const auto done = run_roms_command(line, *settings);
  return done ? success : complain(failure, done.error());
}

int dhcp_config(const CommandLine& line) {
  const auto values = gather_values(line);
  if (!values) return complain(usage, values.error());
  const auto settings = interpret(*values);
  if (!settings) return complain(usage, settings.error());
  const auto done = print_dhcp_config(*settings, line.operand, line.address, std::cout, std::cerr);
  return done ? success : complain(usage, done.error());
}

int machine(const CommandLine& line) {
  const auto values = gather_values(line);
  if (!values) return complain(usage, values.error());
  return machine_command(line.machine, *values);
}

int sandbox(const CommandLine& line) {
  const auto values = gather_values(line);
  if (!values) return complain(usage, values.error());
  return sandbox_command(line.sandbox, *values);
}

int check(const CommandLine& line) {
  auto values = gather_values(line);
  if (!values) return complain(usage, values.error());
  auto& folder = values->find("scripts")->second;
  if (!line.operand.empty()) folder = {.text = line.operand, .origin = "check"};
  if (folder.text.empty())
    return complain(usage, {"check: name the scripts folder: pixie check DIR"});
  const auto settings = interpret(*values);
  if (!settings) return complain(usage, settings.error());
  const bool sound =
      check_folder(folder.text, settings->images, *settings->layout.catalogue, std::cout);
  return sound ? success : failure;
}

int images_show(const CommandLine& line) {
  const auto values = gather_values(line);
  if (!values) return complain(usage, values.error());
  const auto settings = interpret(*values);
  if (!settings) return complain(usage, settings.error());
  const auto done =
      show_image(line.operand, settings->layout.scripts, *settings->layout.catalogue, std::cout);
  return done ? success : complain(failure, done.error());
}

int image_files(const CommandLine& line) {
  const auto done = line.command == Command::images_cat
                        ? print_image_file(line.image_files, std::cout)
                        : list_image_files(line.image_files, std::cout, std::cerr);
  return done ? success : complain(failure, done.error());
}

int tls_init(const TlsArguments& arguments) {
  const auto done = init_tls(arguments, std::cout);
  return done ? success : complain(done.error());
}

/// A command that works with the settings.
template <class Arguments>
int with_settings(const CommandLine& line, int (*command)(const Arguments&, const Settings&),
                  const Arguments& arguments) {
  const auto values = gather_values(line);
  if (!values) return complain(usage, values.error());
  const auto settings = interpret(*values);
  if (!settings) return complain(usage, settings.error());
  return command(arguments, *settings);
}

int explain(const CommandLine& line) {
  const auto values = gather_values(line);
  if (!values) return complain(usage, values.error());
  const auto settings = interpret(*values);
  if (!settings) return complain(usage, settings.error());
  const auto ask = [&](const wire::Mac& mac) { return ask_running(mac, *values); };
  const auto done = explain_machine(line.explain, *settings, ask, std::cout);
  return done ? success : complain(done.error());
}

int run(int argc, char** argv) {
  const auto line = parse_command_line(argc, argv);
  if (!line) return complain(usage, line.error());
  switch (line->command) {
    case Command::serve:
      return serve(*line);
    case Command::help:
      return print(help_text(line->help_on));
    case Command::version:
      return print(version_text());
    case Command::print_config:
      return print_config(*line);
    case Command::manual:
      return print(manual_page());
    case Command::manual_markdown:
      return print(settings_markdown());
    case Command::dhcp_config:
      return dhcp_config(*line);
    case Command::doctor_watch:
      return doctor_watch(line->doctor);
    case Command::doctor_probe:
      return doctor_probe(line->doctor);
    case Command::storm:
      return storm_command(line->storm);
    case Command::machine:
      return machine(*line);
    case Command::check:
      return check(*line);
    case Command::explain:
      return explain(*line);
    case Command::images_show:
      return images_show(*line);
    case Command::images_list:
    case Command::images_cat:
      return image_files(*line);
    case Command::mirror:
      return with_settings(*line, mirror_command, line->mirror);
    case Command::fetch:
      return with_settings(*line, fetch_command, line->fetch);
    case Command::sandbox:
      return sandbox(*line);
    case Command::tls_init:
      return tls_init(line->tls);
    default:
      return roms_command(*line);
  }
}

}  // namespace
}  // namespace pixie::app

int main(int argc, char** argv) {
  try {
    return pixie::app::run(argc, argv);
  } catch (const std::exception& error) {
    return pixie::app::complain(pixie::app::failure, {error.what()});
  }
}
