#include "recipes/recogniser.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <iterator>
#include <map>
#include <set>
#include <string_view>
#include <utility>

#include <fmt/format.h>

#include "images/file_source.h"
#include "recipes/contents.h"
#include "recipes/write.h"

namespace pixie::recipes {
namespace {

/// An open file that is closed at the end.
class File {
 public:
  explicit File(const std::string& path) : number_(open(path.c_str(), O_RDONLY | O_CLOEXEC)) {}
  ~File() {
    if (number_ >= 0) close(number_);
  }
  File(const File&) = delete;
  File& operator=(const File&) = delete;

  int number() const { return number_; }

 private:
  int number_;
};

bool is_ready(const images::Image& image) {
  if (image.pending || !image.fault.empty()) return false;
  return image.kind != images::ImageKind::iso || image.index;
}

/// What the profiles of each image are called, by its name: where two would have the same, that of the second says which
/// file it is.
std::map<std::string_view, std::string> profile_names(const images::Images& images) {
  std::map<std::string_view, std::string> names;
  std::set<std::string> taken;
  for (const auto& [name, image] : images.all) {
    auto profile = profile_name(name);
    if (!taken.insert(profile).second) {
      std::uint32_t hash = 2166136261;  // FNV-1a: the same at every start
      for (const char c : image.file) hash = (hash ^ static_cast<unsigned char>(c)) * 16777619;
      profile += fmt::format("-{:08x}", hash);
    }
    names.emplace(name, std::move(profile));
  }
  return names;
}

}  // namespace

void Recogniser::use(const std::vector<machines::SourceFile>& owners,
                     std::vector<std::string> rom_names) {
  const bool same_recipes = has_cookbook_ && owners == owners_;
  if (same_recipes && rom_names == rom_names_) return;
  if (!same_recipes) cookbook_ = read_cookbook(owners);
  has_cookbook_ = true;
  owners_ = owners;
  rom_names_ = std::move(rom_names);
  seen_.clear();
}

std::vector<std::string> Recogniser::look_at(const images::Images& images) {
  std::vector<std::string> fresh;
  decltype(seen_) now;
  auto profiles = profile_names(images);
  for (const auto& [name, image] : images.all) {
    auto& profile = profiles.find(name)->second;
    auto before = seen_.extract(name);
    const auto* seen = before.empty() ? nullptr : &before.mapped();
    if (seen && (seen->file != image.file || seen->profile != profile || seen->is_stand_in))
      seen = nullptr;
    const bool ready = is_ready(image);
    if (seen && (!ready || seen->stamp == image.stamp)) {
      now.insert(std::move(before));
    } else if (ready) {
      auto known = study(images, image, profile);
      now.emplace(name, Seen{image.file, image.stamp, std::move(profile), false, std::move(known)});
      fresh.push_back(name);
    } else {
      Known known;
      known.recognition.generated = stand_in(profile, image);
      now.emplace(name, Seen{image.file, image.stamp, std::move(profile), true, std::move(known)});
    }
  }
  seen_ = std::move(now);
  return fresh;
}

Recogniser::Known Recogniser::study(const images::Images& images, const images::Image& image,
                                    const std::string& profile) const {
  const auto path = images.folder + "/" + image.file;
  const auto recognise_it = [&](const Contents& contents) {
    const auto has_rom = [this](std::string_view name) {
      return std::ranges::binary_search(rom_names_, name);
    };
    return recognise(image, contents, cookbook_.recipes, has_rom, profile);
  };
  Known known;
  if (image.index) {
    const File file(path);
    const auto source = images::FileSource::open(file.number());
    if (source) known.recognition = recognise_it(IsoContents(*image.index, *source));
  } else if (image.kind == images::ImageKind::folder) {
    known.recognition = recognise_it(FolderContents(path));
  } else {
    known.recognition = recognise_it(NoContents(image.kind));
  }
  auto fleet = machines::Fleet::load(
      {.settings = {}, .texts = {}, .generated = known.recognition.generated});
  if (fleet) return known;
  known.mistakes = std::move(fleet.error());
  known.recognition.entries.clear();
  known.recognition.generated = {};
  return known;
}

const Recogniser::Known* Recogniser::find(std::string_view image) const {
  const auto found = seen_.find(image);
  return found == seen_.end() ? nullptr : &found->second.known;
}

images::Images Recogniser::with_titles(images::Images images) const {
  for (auto& [name, image] : images.all) {
    const auto* known = find(name);
    if (!known) continue;
    image.recipe = known->recognition.recipe;
    image.title = known->recognition.title;
    for (const auto& entry : known->recognition.entries) {
      image.profiles.push_back(entry.profile);
      if (image.remark.empty()) image.remark = entry.remark;
    }
  }
  return images;
}

machines::Generated Recogniser::generated() const {
  machines::Generated all;
  for (const auto& [name, seen] : seen_) {
    const auto& one = seen.known.recognition.generated;
    std::ranges::copy(one.settings, std::back_inserter(all.settings));
    std::ranges::copy(one.texts, std::back_inserter(all.texts));
  }
  return all;
}

std::vector<wire::Diagnostic> Recogniser::mistakes() const {
  auto all = cookbook_.mistakes;
  for (const auto& [name, seen] : seen_)
    std::ranges::copy(seen.known.mistakes, std::back_inserter(all));
  return all;
}

}  // namespace pixie::recipes
