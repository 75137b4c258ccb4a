#include "app/manual.h"

#include <iterator>

#include <fmt/format.h>

#include "app/settings_table.h"
#include "events/catalogue.h"
#include "roms/rom.h"

namespace pixie::app {
namespace {

struct Text {
  std::string_view term;
  std::string_view meaning;
};

constexpr Text other_options[] = {
    {"--config FILE",
     "Read settings from a TOML file: the keys are the options' names without the dashes. Also "
     "$PIXIE_CONFIG."},
    {"--print-config",
     "Print every setting, its value and where it came from, as such a file; serve nothing."},
    {"-h, --help", "This text."},
    {"--version", "The versions of pixie and of the iPXE inside."},
};

constexpr Text commands[] = {
    {"pixie roms [list] [--long]",
     "List the iPXE ROMs that this pixie serves, what they are and where they come "
     "from, and what is missing."},
    {"pixie roms export DIR [--force]", "Write the embedded ROMs as files."},
    {"pixie roms import FILE|DIR --roms DIR",
     "Unpack iPXE's release bundle (ipxeboot.tar.gz), or take ROMs from a "
     "folder, into the folder for --roms."},
    {"pixie roms verify", "Check every ROM against its recorded SHA-256 and its format."},
    {"pixie dhcp-config dnsmasq|isc|kea|mikrotik|opnsense|windows [--address ADDR]",
     "Print what to paste into that DHCP server, and where, so that machines boot from this pixie: "
     "its address, or ADDR, and the ports of the settings are filled in."},
    {"pixie doctor [--interface NAME] [--for SECONDS]",
     "Watch the machines that try to boot on an interface, tell each step, and why a machine goes "
     "no further, until Ctrl-C or for so many seconds. Needs root or CAP_NET_RAW."},
    {"pixie doctor probe [--interface NAME] [--arch KIND] [--mac MAC] [--wait SECONDS]",
     "Play a machine that boots from the network (KIND: x64-uefi unless told, x86-bios, ia32-uefi, "
     "arm64-uefi, x64-http, ...), behind whatever DHCP servers there are; list their answers, and "
     "tell what keeps such a machine from booting. It takes no lease. Give --mac to play a machine "
     "that has a script."},
    {"pixie storm SERVER|--dhcp ADDR[,ADDR] [--machines N] [--arrive all|ramp|poisson] [--over "
     "SECONDS] [--think SECONDS] [--loss PERCENT] [--patience SECONDS] [--seed N] [--arch KIND] "
     "[--mac MAC] [--rom NAME] [--script NAME] [--relay ADDR] [--pid PID[,PID]] [--json] "
     "[--public]",
     "Let N simulated machines (100 unless told) boot from any boot server at once, and tell how "
     "many did, how long they took, and why the others failed: see docs/storm.md. With --dhcp they "
     "get addresses and boot files by DHCP, of which this machine is the relay agent (at "
     "--relay). They come all at once or within --over seconds, pause for --think seconds between "
     "two steps, lose PERCENT of the datagrams, and bear silence for --patience seconds. --rom and "
     "--script name what else to load, --mac the first machine, --seed what chance does, --pid the "
     "server's processes; --public allows servers on the internet."},
    {"pixie check [DIR]",
     "Check the scripts folder (DIR, or that of the settings): pixie.toml, pixie.d, templates, "
     "scripts, and what each machine whose entry names a profile would get. Print every mistake "
     "with its place."},
    {"pixie images show FILE",
     "What the image FILE is (an ISO, a folder, ...), and the profiles that boot it: see "
     "docs/images.md"},
    {"pixie images list FILE [--sha256]",
     "List the files in an ISO 9660 or UDF image as they are served: size, SHA-256, path. What "
     "kind "
     "of image it is goes to standard error."},
    {"pixie images cat FILE PATH", "Print a file that is in an image."},
    {"pixie explain MAC [--arch NAME] [--firmware NAME] [--ip ADDR] [--serial TEXT] ...",
     "Tell what a machine would boot, and why: each step of the decision, its script, its ROM, and "
     "what it would fetch. Every fact that rules ask for can be given: --uuid, --product, ... The "
     "pixie that runs on this machine is asked what it saw and what is assigned ($PIXIE_TOKEN is "
     "its token), and the other server of --api for its answer."},
    {"pixie machine [list [TEXT]]",
     "List the machines that a running pixie has seen, or those that have TEXT in a fact, and how "
     "their last boot went. For this and the next commands: --server URL asks another pixie than "
     "the one on this machine, whose port is taken from the settings; --token-file FILE has the "
     "token for it, or $PIXIE_TOKEN is it; --json prints JSON for scripts."},
    {"pixie machine show MAC", "Tell what is known of a machine, and its boots."},
    {"pixie machine set MAC [--profile NAME] [--var NAME=VALUE]... [--unset NAME]...",
     "Assign a profile to a machine (an empty NAME takes it back), and change its variables."},
    {"pixie machine once MAC PROFILE",
     "Let the machine boot the profile at its next boot only; an empty PROFILE takes it back."},
    {"pixie machine forget MAC", "Forget a machine, what is assigned to it, and its boots."},
    {"pixie mirror [list]",
     "List the files that the mirror keeps; --state or --mirror-dir say where."},
    {"pixie mirror fetch URL...",
     "Bring files into the mirror before machines ask: through the pixie that runs on this "
     "machine, "
     "else straight into its folder."},
    {"pixie mirror verify",
     "Check every file of the mirror against its SHA-256; what is damaged is removed."},
    {"pixie fetch [NAME/VERSION] [--from URL] [--arch NAME] [--keyring FILE] [--force]",
     "Bring a distribution's installer (debian/12, rocky/9, ...) from any mirror of its own into "
     "pixie's, checked by what the distribution published, and write its profile into pixie.d in "
     "the scripts folder. Without an argument: list the distributions."},
    {"pixie sandbox read|write|run FILE",
     "Enter the sandbox that pixie would serve in with these settings, and try to read, make or "
     "write, or run a file: what is to be stopped is stopped, with exit code 1. See "
     "docs/security.md"},
    {"pixie tls init DIR [--name NAME]...",
     "Make an authority of one's own and a server's certificate for HTTPS (ca.crt, ca.key, "
     "server.crt, server.key), for the host names and addresses NAME, or those of this machine, "
     "and "
     "tell what machines need to trust it. Nothing is overwritten; an authority that is there "
     "signs."},
    {"pixie man [--markdown]",
     "Print this manual as a page for man, or the settings as a Markdown table."},
};

constexpr Text examples[] = {
    {"sudo pixie -d /srv/ipxe",
     "Serve TFTP on port 69 and HTTP on port 80, with the scripts in /srv/ipxe."},
    {"pixie -t 0.0.0.0:6969 -u 0.0.0.0:8080 -d .", "The same without root, on other ports."},
    {"sudo pixie doctor probe --arch x86-bios --mac 52:54:00:12:34:56",
     "Would this machine boot here, and if not, why?"},
    {"pixie man | man -l -", "Read the manual."},
};

constexpr Text exit_codes[] = {
    {"0", "All went well; also after SIGTERM and SIGINT."},
    {"1",
     "A command failed: a file can't be read or written, a ROM is damaged, a mirror does not "
     "answer; serving: what pixie keeps (--state, --mirror-dir) can't be used, or a protection "
     "that "
     "--sandbox demands can't be had; doctor, storm: a machine does not boot; machine: the server "
     "can't be reached, or refuses; check, explain: there is a mistake."},
    {"2",
     "A setting or an argument is wrong, or the folder or file of a setting is missing; doctor: a "
     "capability is missing."},
    {"3",
     "A port can't be opened: taken, privileged, or no address of this machine; or DHCP can't be "
     "served: no range, no network, no file for the leases, or another server is there."},
};

constexpr std::string_view description =
    "pixie serves network boot. A machine's firmware loads an iPXE ROM from it over TFTP or HTTP; "
    "the ROMs are "
    "inside pixie. iPXE then loads chain.ipxe, a menu whose first entry is the machine's own "
    "script, "
    "/ipxe/<mac>.ipxe from the scripts folder, and boots what that script says.";

std::string option_of(const Setting& setting) {
  const auto letter = setting.letter == '\0' ? "" : fmt::format("-{}, ", setting.letter);
  const auto value = setting.placeholder.empty() ? "" : fmt::format(" {}", setting.placeholder);
  return fmt::format("{}--{}{}", letter, setting.name, value);
}

std::string environment_of(const Setting& setting) {
  const auto prefixed = environment_name(setting);
  return setting.environment.empty() ? fmt::format("${}", prefixed)
                                     : fmt::format("${} or ${}", prefixed, setting.environment);
}

/// The help's last sentence: the default, the choices.
std::string particulars(const Setting& setting) {
  std::string text;
  for (const auto choice : setting.choices)
    text += (text.empty() ? "One of " : ", ") + std::string(choice);
  if (!text.empty()) text += ". ";
  if (setting.type == Type::number)
    text += fmt::format("From {} to {}. ", setting.min, setting.max);
  if (!setting.fallback.empty() && setting.type != Type::flag)
    text += fmt::format("Default: {}. ", setting.fallback);
  return text;
}

/// Wraps `text` to lines of 79 columns that begin with `indent` spaces, the first one excepted.
std::string wrapped(std::string_view text, std::size_t indent) {
  std::string out;
  std::size_t column = indent;
  while (!text.empty()) {
    const auto word = text.substr(0, text.find(' '));
    text.remove_prefix(std::min(word.size() + 1, text.size()));
    if (column > indent && column + 1 + word.size() > 79) {
      out += "\n" + std::string(indent, ' ');
      column = indent;
    } else if (column > indent) {
      out += ' ', ++column;
    }
    out += word;
    column += word.size();
  }
  return out;
}

void add_help_entry(std::string& out, std::string_view term, std::string_view meaning) {
  fmt::format_to(std::back_inserter(out), "  {}\n      {}\n", wrapped(term, 10),
                 wrapped(meaning, 6));
}

std::string roff(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '\\')
      out += "\\e";
    else if (c == '-')
      out += "\\-";
    else
      out += c;
  }
  if (out.starts_with('.') || out.starts_with('\'')) out.insert(0, "\\&");
  return out;
}

void add_roff_entry(std::string& out, std::string_view term, std::string_view meaning) {
  fmt::format_to(std::back_inserter(out), ".TP\n.B {}\n{}\n", roff(term), roff(meaning));
}

std::string help_on(std::string_view command) {
  const auto alone = fmt::format("pixie {}", command);
  std::string out = "Usage:\n";
  for (const auto& [term, meaning] : commands)
    if (term == alone || term.starts_with(alone + ' ')) add_help_entry(out, term, meaning);
  return out + "\npixie --help lists the settings, and everything else.\n";
}

}  // namespace

std::string help_text(std::string_view command) {
  if (!command.empty()) return help_on(command);
  std::string out =
      "Usage: pixie [options]\n       pixie roms [list|export|import|verify] ...\n"
      "       pixie dhcp-config SERVER [--address ADDR]\n"
      "       pixie doctor [probe] ...\n"
      "       pixie storm SERVER|--dhcp ADDR ...\n"
      "       pixie check [DIR]\n       pixie explain MAC ...\n"
      "       pixie images show|list|cat FILE ...\n"
      "       pixie machine [list|show|set|once|forget] ...\n"
      "       pixie mirror [list|fetch|verify] ...\n"
      "       pixie fetch [NAME/VERSION] ...\n"
      "       pixie sandbox read|write|run FILE\n"
      "       pixie tls init DIR ...\n\n" +
      wrapped(description, 0) + "\n\nExamples:\n";
  for (const auto& [term, meaning] : examples) add_help_entry(out, term, meaning);
  out += "\nOptions:\n";
  for (const auto& setting : settings_table()) {
    add_help_entry(
        out, option_of(setting),
        fmt::format("{} {}[{}]", setting.help, particulars(setting), environment_of(setting)));
  }
  for (const auto& [term, meaning] : other_options) add_help_entry(out, term, meaning);
  out += "\nCommands:\n";
  for (const auto& [term, meaning] : commands) add_help_entry(out, term, meaning);
  out += "\nExit codes:\n";
  for (const auto& [term, meaning] : exit_codes) add_help_entry(out, term, meaning);
  return out;
}

std::string version_text() {
  const auto ipxe = roms::embedded_ipxe_version();
  return fmt::format("pixie {} (iPXE {})\n", PIXIE_VERSION, ipxe.empty() ? "none embedded" : ipxe);
}

std::string manual_page() {
  std::string out = fmt::format(
      ".TH PIXIE 1 \"\" \"pixie {}\" \"User Commands\"\n.SH NAME\npixie \\- network boot "
      "server: TFTP and HTTP with iPXE inside\n.SH SYNOPSIS\n.B pixie\n[options]\n.br\n"
      ".B pixie roms\n[list|export|import|verify]\n.br\n.B pixie dhcp-config\n"
      "SERVER [\\-\\-address ADDR]\n.br\n.B pixie doctor\n[probe]\n.br\n"
      ".B pixie storm\nSERVER|\\-\\-dhcp ADDR ...\n.br\n"
      ".B pixie check\n[DIR]\n.br\n.B pixie explain\nMAC ...\n.br\n"
      ".B pixie images\nshow|list|cat FILE ...\n.br\n"
      ".B pixie machine\n[list|show|set|once|forget]\n.br\n"
      ".B pixie mirror\n[list|fetch|verify]\n.br\n.B pixie fetch\n[NAME/VERSION]\n"
      ".br\n.B pixie sandbox\nread|write|run FILE\n"
      ".br\n.B pixie tls\ninit DIR ...\n"
      ".SH DESCRIPTION\n{}\n.PP\n{}\n",
      PIXIE_VERSION, roff(description),
      "A setting comes from the command line, else from the environment, else from the "
      "configuration file, else from its default.");
  out += ".SH OPTIONS\n";
  for (const auto& setting : settings_table()) {
    add_roff_entry(
        out, option_of(setting),
        fmt::format("{} {}Environment: {}.{}", setting.help, particulars(setting),
                    environment_of(setting), setting.reloadable ? " Read again on SIGHUP." : ""));
  }
  for (const auto& [term, meaning] : other_options) add_roff_entry(out, term, meaning);
  out += ".SH COMMANDS\n";
  for (const auto& [term, meaning] : commands) add_roff_entry(out, term, meaning);
  out += ".SH SIGNALS\n";
  add_roff_entry(out, "SIGTERM, SIGINT",
                 "Stop: nothing new is taken, what is under way may end (see --drain).");
  add_roff_entry(
      out, "SIGHUP",
      "Read the settings again; those that can't change while serving keep their values.");
  out += ".SH EVENTS\nEach log line is one event.\n";
  for (const auto* kind : events::all) add_roff_entry(out, kind->id, kind->sentence);
  out += ".SH EXIT STATUS\n";
  for (const auto& [term, meaning] : exit_codes) add_roff_entry(out, term, meaning);
  out += ".SH EXAMPLES\n";
  for (const auto& [term, meaning] : examples) add_roff_entry(out, term, meaning);
  return out;
}

std::string settings_markdown() {
  std::string out = "| option | environment | default | meaning |\n| --- | --- | --- | --- |\n";
  for (const auto& setting : settings_table()) {
    fmt::format_to(std::back_inserter(out), "| `{}` | {} | {} | {}{} |\n", option_of(setting),
                   environment_of(setting),
                   setting.fallback.empty() ? "" : fmt::format("`{}`", setting.fallback),
                   setting.help, setting.reloadable ? " (SIGHUP)" : "");
  }
  return out;
}

}  // namespace pixie::app
