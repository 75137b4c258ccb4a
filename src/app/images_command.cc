#include "app/images_command.h"

#include <iterator>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "app/images_now.h"
#include "machines/read_fleet.h"
#include "recipes/recogniser.h"

namespace pixie::app {
namespace {

template <class... Args>
void say(std::ostream& out, fmt::format_string<Args...> format, Args&&... args) {
  fmt::format_to(std::ostreambuf_iterator<char>(out), format, std::forward<Args>(args)...);
}

void say_entries(std::ostream& out, const recipes::Recognition& found) {
  for (const auto& entry : found.entries) {
    say(out, "  {}: {}, for {}\n", entry.profile, entry.title,
        entry.fit.any() ? "any machine" : script::fit_text(entry.fit));
    if (!entry.remark.empty()) say(out, "    {}\n", entry.remark);
    if (!entry.missing.empty())
      say(out, "    The ROM folder (--roms) lacks: {}\n", fmt::join(entry.missing, ", "));
  }
}

}  // namespace

Expected<void> show_image(const std::string& path, const std::string& scripts,
                          const roms::Catalogue& catalogue, std::ostream& out) {
  const auto images = image_now(path);
  if (!images) return std::unexpected(images.error());
  const auto& image = images->all.begin()->second;
  if (!image.fault.empty()) return fail(fmt::format("{}: {}", path, image.fault));
  recipes::Recogniser recogniser;
  const auto roms = catalogue.overlay_files();
  recogniser.use(scripts.empty() ? std::vector<machines::SourceFile>()
                                 : machines::read_sources(scripts).recipes,
                 {roms.begin(), roms.end()});
  recogniser.look_at(*images);
  for (const auto& mistake : recogniser.mistakes()) out << mistake.with_caret();
  const auto* known = recogniser.find(image.name);
  if (!known || known->recognition.recipe.empty())
    return fail(fmt::format("{}: no recipe knows it; docs/images.md says how to write one", path));
  const auto& found = known->recognition;
  say(out, "{}: {} (recipe {})\n", image.file, found.title, found.recipe);
  if (image.index)
    say(out, "  {}, volume \"{}\"\n", image.index->format(), image.index->volume_id());
  for (const auto& [name, value] : found.facts) say(out, "  {}: {}\n", name, value);
  say(out, "\nBoots\n");
  say_entries(out, found);
  for (const auto& file : found.generated.settings) say(out, "\n{}", file.content);
  for (const auto& file : found.generated.texts) say(out, "\n# {}\n{}", file.name, file.content);
  return {};
}

}  // namespace pixie::app
