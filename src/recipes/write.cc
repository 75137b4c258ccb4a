#include "recipes/write.h"

#include <algorithm>
#include <iterator>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "recipes/fill.h"

namespace pixie::recipes {
namespace {

constexpr std::string_view menu_group = "Images";

/// What `text_of` makes of each, with commas between.
template <class All, class TextOf>
std::string joined(const All& all, const TextOf& text_of) {
  std::vector<std::string> texts;
  std::ranges::transform(all, std::back_inserter(texts), text_of);
  return fmt::format("{}", fmt::join(texts, ", "));
}

std::string list(const std::vector<std::string>& texts) {
  return fmt::format("[{}]", joined(texts, toml_text));
}

/// A value of a recipe's vars as TOML: what is left of it once it was read.
std::string toml_of(const script::Value& value) {
  return std::visit(
      []<class T>(const T& content) -> std::string {
        if constexpr (std::is_same_v<T, std::string>) {
          return toml_text(content);
        } else if constexpr (std::is_same_v<T, script::List>) {
          return fmt::format("[{}]", joined(content, toml_of));
        } else if constexpr (std::is_same_v<T, script::Table>) {
          const auto pair = [](const auto& one) {
            return fmt::format("{} = {}", toml_text(one.first), toml_of(one.second));
          };
          return fmt::format("{{ {} }}", joined(content, pair));
        } else {
          return fmt::format("{}", content);
        }
      },
      value.content);
}

std::string initrd_toml(const Boot::Initrd& initrd, const std::string& url) {
  if (initrd.name.empty() && initrd.path.empty()) return toml_text(url);
  auto table = "{ url = " + toml_text(url);
  if (!initrd.name.empty()) table += ", name = " + toml_text(initrd.name);
  if (!initrd.path.empty()) table += ", path = " + toml_text(initrd.path);
  return table + " }";
}

/// What its group in the menu is: the folder that it is in.
std::string_view group_of(const images::Image& image) {
  const auto slash = image.name.rfind('/');
  return slash == std::string::npos ? menu_group : std::string_view(image.name).substr(0, slash);
}

std::string missing_script(const Recognition::Entry& entry) {
  return fmt::format(R"(#!ipxe
echo
echo {} needs what pixie can't bring along: {}
echo Put it into the ROM folder of {{{{server}}}} (--roms); docs/images.md says where to get it.
prompt --timeout 15000 Press a key for the menu ||
exit 0
)",
                     as_word(entry.profile), fmt::join(entry.missing, ", "));
}

}  // namespace

machines::Generated stand_in(const std::string& profile, const images::Image& image) {
  auto name = fmt::format("images/{}.ipxe", profile);
  auto settings = fmt::format("[profiles.{}]\ntitle = {}\nscript = {}\n", toml_text(profile),
                              toml_text(as_title(image.name)), toml_text(name));
  auto script =
      fmt::format(R"(#!ipxe
echo
echo The image {} {}
prompt --timeout 15000 Press a key for the menu ||
exit 0
)",
                  as_word(image.file),
                  image.pending ? "is being copied or read: try again in a moment."
                                : "can't be used: the log and the page of {{server}} say why.");
  return {.settings = {{fmt::format("image {}", as_title(image.file)), std::move(settings)}},
          .texts = {{std::move(name), std::move(script)}}};
}

Writer::Writer(const images::Image& image, const Recipe& recipe)
    : image_(image), recipe_(recipe), names_(recipe.fact_names) {
  names_.insert({"image", "iso", "name", "texts"});
}

std::string Writer::title(const Boot& boot, const Facts& facts) const {
  auto text = recipe_.title;
  if (!boot.title.empty()) text += ", " + boot.title;
  const auto filled = fill(text, names_, [&](std::string_view name) -> std::string {
    if (name == "name") return image_.name;
    const auto fact = facts.find(name);
    return fact == facts.end() ? std::string() : fact->second;
  });
  return as_title(filled, image_.name);
}

std::string Writer::url(std::string_view text, const Facts& facts) const {
  return fill(text, names_, [&](std::string_view name) -> std::string {
    if (name == "image") return "{{server}}/images/" + in_url(image_.name);
    if (name == "iso") return "{{server}}/images/" + in_url(image_.file);
    if (name == "texts") return "{{server}}/t/images/" + in_url(image_.name);
    if (name == "name") return in_url(image_.name);
    const auto fact = facts.find(name);
    return fact == facts.end() ? std::string() : in_url(fact->second);
  });
}

std::string Writer::words(std::string_view text, const Facts& facts) const {
  return fill(text, names_, [&](std::string_view name) -> std::string {
    const auto fact = facts.find(name);
    if (fact != facts.end()) return as_word(fact->second);
    return url(fmt::format("{{{{{}}}}}", name), facts);
  });
}

void Writer::add(const Recognition::Entry& entry, const Boot& boot, const Facts& facts) {
  toml_ += fmt::format("\n[profiles.{}]\ntitle = {}\nmenu = true\nmenu-group = {}\n",
                       toml_text(entry.profile), toml_text(entry.title),
                       toml_text(as_title(group_of(image_))));
  if (!entry.fit.firmware.empty())
    toml_ += fmt::format("firmware = {}\n", list(entry.fit.firmware));
  if (!entry.fit.arch.empty()) toml_ += fmt::format("arch = {}\n", list(entry.fit.arch));
  if (!entry.missing.empty()) {
    add_script(entry.profile, missing_script(entry));
  } else {
    add_target(entry, boot, facts);
  }
  toml_ += fmt::format("[profiles.{}.vars]\narguments = \"\"\n", toml_text(entry.profile));
  for (const auto& [name, value] : recipe_.vars)
    toml_ += fmt::format("{} = {}\n", toml_text(name), toml_of(value));
}

void Writer::add_target(const Recognition::Entry& entry, const Boot& boot, const Facts& facts) {
  if (!boot.script.empty()) return add_script(entry.profile, words(boot.script, facts));
  if (!boot.sanboot.empty())
    toml_ += fmt::format("sanboot = {}\n", toml_text(url(boot.sanboot, facts)));
  if (!boot.chain.empty()) toml_ += fmt::format("chain = {}\n", toml_text(url(boot.chain, facts)));
  if (!boot.kernel.empty())
    toml_ += fmt::format("kernel = {}\n", toml_text(url(boot.kernel, facts)));
  const auto initrds = joined(boot.initrds, [&](const auto& initrd) {
    return initrd_toml(initrd, url(initrd.url, facts));
  });
  if (!initrds.empty()) toml_ += fmt::format("initrd = [{}]\n", initrds);
  if (boot.kernel.empty()) return;
  // What the owner adds, for a serial console, say.
  const auto* more =
      boot.cmdline.empty() ? "{{arguments}}" : "{{#if arguments}} {{arguments}}{{/if}}";
  toml_ += fmt::format("cmdline = {}\n", toml_text(words(boot.cmdline, facts) + more));
}

void Writer::add_script(const std::string& profile, std::string content) {
  auto name = fmt::format("images/{}.ipxe", profile);
  toml_ += fmt::format("script = {}\n", toml_text(name));
  generated_.texts.push_back({std::move(name), std::move(content)});
}

void Writer::add(const Text& text, std::string_view content, const Facts& facts) {
  std::string result;
  auto set = text.set;
  while (!content.empty()) {
    const auto end = std::min(content.find('\n'), content.size());
    auto line = content.substr(0, end);
    if (line.ends_with('\r')) line.remove_suffix(1);
    result += changed(text, line, facts) + '\n';
    set.erase(std::string(line.substr(0, line.find('='))));
    content.remove_prefix(std::min(end + 1, content.size()));
  }
  for (const auto& [key, value] : set) result += fmt::format("{}={}\n", key, words(value, facts));
  generated_.texts.push_back(
      {fmt::format("templates/images/{}/{}", image_.name, text.name), std::move(result)});
}

std::string Writer::changed(const Text& text, std::string_view line, const Facts& facts) const {
  const auto equals = line.find('=');
  if (equals == std::string_view::npos) return escaped(line);
  const auto key = line.substr(0, equals);
  if (const auto value = text.set.find(key); value != text.set.end())
    return fmt::format("{}={}", key, words(value->second, facts));
  std::string value(line.substr(equals + 1));
  if (const auto out = text.remove.find(key); out != text.remove.end() && !out->second.empty()) {
    for (auto at = value.find(out->second); at != std::string::npos;
         at = value.find(out->second, at))
      value.erase(at, out->second.size());
  }
  return escaped(fmt::format("{}={}", key, value));
}

machines::Generated Writer::generated() && {
  if (!toml_.empty()) {
    auto text = fmt::format("# Made by the recipe {} of the image {}.\n{}", recipe_.name,
                            as_title(image_.file), toml_);
    generated_.settings.push_back(
        {fmt::format("image {}", as_title(image_.file)), std::move(text)});
  }
  return std::move(generated_);
}

}  // namespace pixie::recipes
