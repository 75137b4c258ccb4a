#include "script/chain.h"

#include <algorithm>
#include <span>

#include <fmt/format.h>

#include "script/fit.h"
#include "script/template.h"

namespace pixie::script {
namespace {

// Notes for readers, because a script has little room for them:
//  - iPXE 1.21's EFI ROMs run autoexec.ipxe before the network is up, so the script brings it up
//  itself.
//  - A switch port with spanning tree or LACP forwards nothing for 30 s: hence five tries with
//  growing pauses.
//  - The flags for profiles that are not for every machine are set before the first `goto`, which would pass them by.
//  - `|| goto`, `&& goto` after each command that can fail or return: nothing falls through to the
//  next label.
//  - A script that ends returns here, so after each `chain` stands a `goto`. `set next leave` in a
//  machine's
//    script, before it ends, goes on to the next boot device instead of the menu.
//  - iPXE 2.0.0 for 32-bit ARM dies at its first HTTP transfer (an unaligned access in its TCP
//  code); it is
//    fed over TFTP, where the tree is the same.
//  - `exit 1`: a UEFI boot manager goes on to the next device only after a failure.
constexpr std::string_view chain_template = R"ipxe(#!ipxe
# The menu of pixie, the network boot server at {{host}}.
# A chain.ipxe in the scripts folder replaces it. Scripts may use ${pixie}, this server's URL.

set pixie {{url}}
iseq ${buildarch} arm32 && set pixie tftp://{{host}}{{tftp_port}} ||
set menu-timeout:int32 {{menu_timeout_ms}}
{{#each fits}}
{{this}}
{{/each}}

set pause:int32 1
:network
isset ${ip} && goto menu ||
isset ${ip6} && goto menu ||
dhcp && goto menu ||
echo No address from DHCP yet; next try in ${pause} s
sleep ${pause}
inc pause ${pause}
iseq ${pause} 32 || goto network
echo This machine got no address from DHCP: check the cable, the switch port, the DHCP server.

:menu
menu {{title}}: what shall ${mac} boot?
item --key o own o  {{own}}
{{#each choices}}
{{#if this.heading}}
{{this.heading}}
{{/if}}
{{this.item}}
{{/each}}
item --key n netboot n  netboot.xyz
item --key s shell s  iPXE shell
item --key x leave x  Exit to the next boot device
choose --timeout ${menu-timeout} --default own target && goto ${target} || goto wait

:wait
set menu-timeout:int32 0
goto menu

{{#each choices}}
:choice-{{index}}
set script profiles/{{this.profile}}/${mac:hexhyp}.ipxe
goto ask

{{/each}}
:own
set script ipxe/${mac:hexhyp}.ipxe

:ask
clear query ||
iseq ${buildarch} arm32 || set query ?uuid=${uuid}&serial=${serial:uristring}&arch=${buildarch}&platform=${platform}&manufacturer=${manufacturer:uristring}&product=${product:uristring}&asset=${asset:uristring}&ip=${ip}
set pause:int32 1
:try
echo Asking {{host}} for this machine's script, ${script}
clear next ||
chain --autofree ${pixie}/${script}${query} && goto done ||
echo That failed; next try in ${pause} s
sleep ${pause}
inc pause ${pause}
iseq ${pause} 32 || goto try
echo {{host}} did not give this machine a script that boots. The menu comes again.
:done
iseq ${next} leave && goto leave ||
iseq ${menu-timeout} 0 && goto menu ||
set menu-timeout:int32 60000
goto menu

:netboot
chain --autofree http://boot.netboot.xyz/ && goto wait ||
echo netboot.xyz could not be reached: does this machine have a way to the internet, and a DNS server?
prompt --timeout 15000 Press a key for the menu && goto wait || goto wait

:shell
echo Type exit to come back to the menu.
shell && goto wait || goto wait

:leave
exit 1
)ipxe";

constexpr std::string_view no_script_template = R"ipxe(#!ipxe
echo
echo This machine, {{mac}}, has no script yet.
echo Write {{mac}}.ipxe (or default.ipxe, for all) into the scripts folder
echo of {{server}}; it is used at the next try.
echo
prompt --timeout 8000 Press a key for the menu && exit 0 || exit 0
)ipxe";

/// One of the texts above, which hold no mistake.
Template compiled(std::string_view text) { return Template::parse(std::string(text), "").value(); }

std::string fill(const Template& text, const Table& values) {
  return text.render(Scope{&values}, Reader::text).value();
}

std::string port_suffix(std::uint16_t port, std::uint16_t well_known) {
  return port == well_known ? "" : fmt::format(":{}", port);
}

/// A text as an iPXE line shows it: nothing in it is a command, ends one, or is expanded.
std::string shown(std::string_view text) {
  std::string result;
  for (const char c : text) {
    const bool control = static_cast<unsigned char>(c) < 0x20 || c == 0x7f;
    const bool begins_word = result.empty() || result.back() == ' ';
    // `||`, `&&`, `;` and what begins with `#` end a command if they are words.
    if (begins_word && (c == '|' || c == '&' || c == ';' || c == '#')) continue;
    result += control || c == '$' ? ' ' : c;
  }
  return result;
}

/// `${fit-0}`, and for several all of them: set if the machine fits one.
std::string fit_flags(const std::vector<std::size_t>& numbers) {
  std::string flags;
  for (const auto number : numbers) flags += fmt::format("${{fit-{}}}", number);
  return flags;
}

/// `command` on machines for which one of these flags is set; on all if there are none.
std::string only_if(const std::vector<std::size_t>& fits, std::string_view command) {
  if (fits.empty()) return std::string(command);
  return fmt::format("isset {} && {} ||", fit_flags(fits), command);
}

/// The fits of the items, each once; those for any machine are not among them.
class Fits {
 public:
  explicit Fits(const std::vector<MenuItems::Item>& items) {
    for (const auto& item : items) {
      if (!item.fit.any() && std::ranges::find(fits_, item.fit) == fits_.end())
        fits_.push_back(item.fit);
    }
  }

  /// The numbers of the items' fits; empty if one of them is for any machine.
  std::vector<std::size_t> of(std::span<const MenuItems::Item> items) const {
    std::vector<std::size_t> numbers;
    for (const auto& item : items) {
      if (item.fit.any()) return {};
      const auto number =
          static_cast<std::size_t>(std::ranges::find(fits_, item.fit) - fits_.begin());
      if (std::ranges::find(numbers, number) == numbers.end()) numbers.push_back(number);
    }
    return numbers;
  }

  /// What sets the flags, for each.
  List commands() const {
    List all;
    for (std::size_t number = 0; number < fits_.size(); ++number) {
      auto lines = fit_commands(fits_[number], fmt::format("fit-{}", number));
      lines.pop_back();
      all.push_back({std::move(lines)});
    }
    return all;
  }

 private:
  std::vector<Fit> fits_;
};

/// The owner's profiles, the first of each group with its heading.
List choices_of(std::span<const MenuItems::Item> items, const Fits& fits) {
  List choices;
  for (std::size_t i = 0; i < items.size(); ++i) {
    const auto& item = items[i];
    Table choice{{"profile", {item.profile}}};
    choice["item"] = {only_if(fits.of(items.subspan(i, 1)),
                              fmt::format("item choice-{}    {}", i, shown(item.title)))};
    std::string heading;
    if (!item.group.empty() && (i == 0 || item.group != items[i - 1].group)) {
      auto end = i;
      while (end < items.size() && items[end].group == item.group) ++end;
      heading = only_if(fits.of(items.subspan(i, end - i)), "item --gap " + shown(item.group));
    }
    choice["heading"] = {std::move(heading)};
    choices.push_back({std::move(choice)});
  }
  return choices;
}

}  // namespace

std::string chain_script(const Chain& chain) {
  static const auto text = compiled(chain_template);
  const auto& items = chain.items;
  const Fits fits(items.profiles);
  const auto title = items.title.empty() ? fmt::format("pixie {}", chain.host) : shown(items.title);
  const auto own = items.own.empty() ? std::string("This machine's own script")
                                     : fmt::format("{} (this machine's own)", shown(items.own));
  const auto timeout_ms = items.timeout_ms.value_or(chain.menu_timeout_ms);
  return fill(text, {{"title", {title}},
                     {"own", {own}},
                     {"fits", {fits.commands()}},
                     {"choices", {choices_of(items.profiles, fits)}},
                     {"host", {chain.host}},
                     {"url", {chain.url}},
                     {"tftp_port", {port_suffix(chain.tftp_port, 69)}},
                     {"menu_timeout_ms", {std::int64_t{timeout_ms}}}});
}

std::string no_script_message(const wire::Mac& mac, std::string_view server) {
  static const auto text = compiled(no_script_template);
  return fill(text, {{"mac", {mac.hyphens()}}, {"server", {std::string(server)}}});
}

bool is_no_script_message(std::string_view text) {
  const auto beginning = no_script_template.substr(0, no_script_template.find("{{"));
  return text.starts_with(beginning);
}

}  // namespace pixie::script
