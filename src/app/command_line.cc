#include "app/command_line.h"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "app/settings_table.h"
#include "machines/identity.h"
#include "wire/suggest.h"

namespace pixie::app {
namespace {

std::string flags_of(const Setting& setting) {
  return setting.letter == '\0' ? fmt::format("--{}", setting.name)
                                : fmt::format("-{},--{}", setting.letter, setting.name);
}

/// Every setting is an option of the command line; what was given lands in `values`.
void add_settings(CLI::App& app, Values& values) {
  for (const auto& setting : settings_table()) {
    const auto take = [&values, &setting](const std::string& text) {
      values[std::string(setting.name)] = {text, fmt::format("--{}", setting.name)};
    };
    if (setting.type == Type::flag) {
      app.add_flag_callback(flags_of(setting), [take] { take("true"); });
    } else {
      auto* option = app.add_option_function<std::string>(flags_of(setting), take);
      option->multi_option_policy(is_list(setting.type) ? CLI::MultiOptionPolicy::Join
                                                        : CLI::MultiOptionPolicy::TakeLast);
      if (is_list(setting.type)) option->delimiter(',');
    }
  }
}

void add_doctor(CLI::App& app, CommandLine& line) {
  auto& doctor = *app.add_subcommand("doctor");
  doctor.parse_complete_callback([&line] {
    if (line.command == Command::serve) line.command = Command::doctor_watch;
  });
  doctor.add_option("--interface", line.doctor.interface);
  doctor.add_option("--for", line.doctor.seconds)->check(CLI::Range(0.1, 31'536'000.0));
  auto& probe = *doctor.add_subcommand("probe");
  probe.preparse_callback([&line](std::size_t) { line.command = Command::doctor_probe; });
  probe.add_option("--interface", line.doctor.interface);
  probe.add_option("--arch", line.doctor.architecture);
  probe.add_option("--mac", line.doctor.mac);
  probe.add_option("--wait", line.doctor.wait)->check(CLI::Range(1, 60));
  doctor.require_subcommand(0, 1);
}

void add_storm(CLI::App& app, CommandLine& line) {
  auto& arguments = line.storm;
  auto& storm = *app.add_subcommand("storm");
  storm.preparse_callback([&line](std::size_t) { line.command = Command::storm; });
  storm.add_option("SERVER", arguments.server);
  storm.add_option("--machines", arguments.machines)->check(CLI::Range(1, 1'000'000));
  storm.add_option("--dhcp", arguments.dhcp)->delimiter(',');
  storm.add_option("--relay", arguments.relay);
  storm.add_option("--rom", arguments.rom);
  storm.add_option("--script", arguments.script);
  storm.add_option("--arch", arguments.architecture);
  storm.add_option("--mac", arguments.mac);
  auto* arrive = storm.add_option("--arrive", arguments.arrive);
  auto* over = storm.add_option("--over", arguments.over_seconds)->check(CLI::Range(0.0, 86'400.0));
  storm.callback([&arguments, arrive, over] {
    if (over->count() > 0 && arrive->count() == 0) arguments.arrive = "ramp";
  });
  storm.add_option("--think", arguments.think_seconds)->check(CLI::Range(0.0, 3'600.0));
  storm.add_option("--loss", arguments.loss_percent)->check(CLI::Range(0.0, 100.0));
  storm.add_option("--patience", arguments.patience_seconds)->check(CLI::Range(1.0, 3'600.0));
  storm.add_option("--seed", arguments.seed);
  storm.add_option("--pid", arguments.processes)->delimiter(',')->check(CLI::PositiveNumber);
  storm.add_flag("--json", arguments.json);
  storm.add_flag("--public", arguments.public_servers);
}

/// Settings (`--http`) may stand behind the command, too: they fall through to `app`.
void add_machine(CLI::App& app, CommandLine& line) {
  using Action = MachineArguments::Action;
  auto& arguments = line.machine;
  auto& machine = *app.add_subcommand("machine")->fallthrough();
  machine.preparse_callback([&line](std::size_t) { line.command = Command::machine; });
  machine.add_option("--server", arguments.server);
  machine.add_option("--token-file", arguments.token_file);
  machine.add_flag("--json", arguments.json);
  const auto add = [&](const char* name, Action action) {
    auto* sub = machine.add_subcommand(name)->fallthrough();
    sub->preparse_callback([&arguments, action](std::size_t) { arguments.action = action; });
    if (action != Action::list) sub->add_option("MAC", arguments.mac)->required();
    return sub;
  };
  add("list", Action::list)->add_option("TEXT", arguments.search);
  add("show", Action::show);
  add("forget", Action::forget);
  auto* set = add("set", Action::set);
  set->add_option("--profile", arguments.profile);
  set->add_option("--var", arguments.vars)->allow_extra_args(false);
  set->add_option("--unset", arguments.unset)->allow_extra_args(false);
  add("once", Action::once)->add_option("PROFILE", arguments.profile)->required();
  machine.require_subcommand(0, 1);
}

/// Every fact is an option of `explain`: `--serial`.
void add_fleet(CLI::App& app, CommandLine& line) {
  auto& check = *app.add_subcommand("check")->fallthrough();
  check.preparse_callback([&line](std::size_t) { line.command = Command::check; });
  check.add_option("DIR", line.operand);

  auto& arguments = line.explain;
  auto& explain = *app.add_subcommand("explain")->fallthrough();
  explain.preparse_callback([&line](std::size_t) { line.command = Command::explain; });
  explain.add_option("MAC", arguments.mac)->required();
  for (std::size_t i = 0; i < machines::fact_count; ++i) {
    const auto fact = static_cast<machines::Fact>(i);
    if (fact == machines::Fact::mac) continue;
    const std::string name(machines::fact_name(fact));
    explain.add_option_function<std::string>(
        "--" + name, [&arguments, name](const std::string& text) { arguments.facts[name] = text; });
  }
}

void add_images(CLI::App& app, CommandLine& line) {
  auto& images = *app.add_subcommand("images")->fallthrough();
  auto& show = *images.add_subcommand("show")->fallthrough();
  show.preparse_callback([&line](std::size_t) { line.command = Command::images_show; });
  show.add_option("FILE", line.operand)->required();
  const auto add = [&](const char* name, Command command) {
    auto* sub = images.add_subcommand(name)->fallthrough();
    sub->preparse_callback([&line, command](std::size_t) { line.command = command; });
    sub->add_option("FILE", line.image_files.file)->required();
    return sub;
  };
  add("list", Command::images_list)->add_flag("--sha256", line.image_files.hashes);
  add("cat", Command::images_cat)->add_option("PATH", line.image_files.path)->required();
  images.require_subcommand(1, 1);
}

void add_mirror(CLI::App& app, CommandLine& line) {
  using Action = MirrorArguments::Action;
  auto& mirror = *app.add_subcommand("mirror")->fallthrough();
  mirror.preparse_callback([&line](std::size_t) { line.command = Command::mirror; });
  const auto add = [&](const char* name, Action action) {
    auto* sub = mirror.add_subcommand(name)->fallthrough();
    sub->preparse_callback([&line, action](std::size_t) { line.mirror.action = action; });
    return sub;
  };
  add("list", Action::list);
  add("verify", Action::verify);
  add("fetch", Action::fetch)->add_option("URL", line.mirror.urls)->required();
  mirror.require_subcommand(0, 1);

  auto& fetch = *app.add_subcommand("fetch")->fallthrough();
  fetch.preparse_callback([&line](std::size_t) { line.command = Command::fetch; });
  fetch.add_option("NAME/VERSION", line.fetch.request);
  fetch.add_option("--from", line.fetch.from);
  fetch.add_option("--arch", line.fetch.arch);
  fetch.add_option("--keyring", line.fetch.keyring);
  fetch.add_flag("--force", line.fetch.force);
}

void add_sandbox(CLI::App& app, CommandLine& line) {
  using Action = SandboxArguments::Action;
  auto& sandbox = *app.add_subcommand("sandbox")->fallthrough();
  sandbox.preparse_callback([&line](std::size_t) { line.command = Command::sandbox; });
  for (const auto& [name, action] :
       {std::pair{"read", Action::read}, {"write", Action::write}, {"run", Action::run}}) {
    auto& sub = *sandbox.add_subcommand(name)->fallthrough();
    sub.preparse_callback([&line, action](std::size_t) { line.sandbox.action = action; });
    sub.add_option("FILE", line.sandbox.path)->required();
  }
  sandbox.require_subcommand(1, 1);
}

void add_commands(CLI::App& app, CommandLine& line) {
  auto& roms = *app.add_subcommand("roms")->fallthrough();
  roms.parse_complete_callback([&line] {
    if (line.command == Command::serve) line.command = Command::roms_list;
  });
  roms.add_flag("--long", line.long_listing);
  const auto add = [&](const char* name, Command command) {
    auto* sub = roms.add_subcommand(name)->fallthrough();
    sub->preparse_callback([&line, command](std::size_t) { line.command = command; });
    return sub;
  };
  add("list", Command::roms_list);
  add("verify", Command::roms_verify);
  auto* write = add("export", Command::roms_export);
  write->add_option("DIR", line.operand)->required();
  write->add_flag("--force", line.force);
  add("import", Command::roms_import)->add_option("FILE|DIR", line.operand)->required();
  roms.require_subcommand(0, 1);

  auto& dhcp = *app.add_subcommand("dhcp-config")->fallthrough();
  dhcp.preparse_callback([&line](std::size_t) { line.command = Command::dhcp_config; });
  dhcp.add_option("SERVER", line.operand);
  dhcp.add_option("--address", line.address);

  add_doctor(app, line);
  add_storm(app, line);
  add_machine(app, line);
  add_fleet(app, line);
  add_images(app, line);
  add_mirror(app, line);
  add_sandbox(app, line);

  auto& tls = *app.add_subcommand("tls");
  auto& init = *tls.add_subcommand("init");
  init.preparse_callback([&line](std::size_t) { line.command = Command::tls_init; });
  init.add_option("DIR", line.tls.folder)->required();
  init.add_option("--name", line.tls.names)->allow_extra_args(false);
  tls.require_subcommand(1);

  auto& manual = *app.add_subcommand("man");
  manual.preparse_callback([&line](std::size_t) { line.command = Command::manual; });
  manual.add_flag_callback("--markdown", [&line] { line.command = Command::manual_markdown; });
}

std::vector<std::string_view> command_names(const CLI::App& app) {
  std::vector<std::string_view> names;
  for (const auto* command : app.get_subcommands([](const CLI::App*) { return true; }))
    names.push_back(command->get_name());
  return names;
}

/// CLI11 names what it could not place; the first of these is what the user sees.
std::string unplaced(const CLI::App& app) {
  const auto rest = app.remaining(true);
  const auto& first = rest.front();
  const auto name = first.substr(std::min(first.find_first_not_of('-'), first.size()));
  return first.starts_with('-') ? fmt::format("there is no option {}{}", first, suggestion(name))
                                : fmt::format("there is no command '{}'{}", first,
                                              wire::suggestion(first, command_names(app)));
}

/// The command that was given; nothing if none was.
std::string command_in(const CLI::App& app) {
  const auto given = app.get_subcommands();
  return given.empty() ? "" : given.front()->get_name();
}

std::string where_to_read(const CLI::App& app) {
  const auto command = command_in(app);
  return command.empty() ? "pixie --help lists everything"
                         : fmt::format("pixie {} --help tells what it takes", command);
}

}  // namespace

Expected<CommandLine> parse_command_line(int argc, const char* const* argv) {
  CommandLine line;
  CLI::App app;
  app.set_help_flag("-h,--help");
  app.allow_extras();
  add_settings(app, line.values);
  app.add_option("--config", line.config_file);
  app.add_flag_callback("--version", [&] { line.command = Command::version; });
  app.add_flag_callback("--print-config", [&] { line.command = Command::print_config; });
  add_commands(app, line);
  app.require_subcommand(0, 1);
  try {
    app.parse(argc, argv);
  } catch (const CLI::CallForHelp&) {
    line.command = Command::help;
    line.help_on = command_in(app);
    return line;
  } catch (const CLI::ParseError& error) {
    return fail(fmt::format("{} ({})", error.what(), where_to_read(app)));
  }
  if (!app.remaining(true).empty())
    return fail(fmt::format("{} ({})", unplaced(app), where_to_read(app)));
  return line;
}

}  // namespace pixie::app
