#include "recipes/recogniser.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <iterator>
#include <utility>

#include "images/file_source.h"
#include "recipes/contents.h"

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
  for (const auto& [name, image] : images.all) {
    if (!is_ready(image)) continue;
    auto before = seen_.extract(name);
    if (!before.empty() && before.mapped().file == image.file &&
        before.mapped().stamp == image.stamp) {
      now.insert(std::move(before));
      continue;
    }
    now.emplace(name, Seen{image.file, image.stamp, study(images, image)});
    fresh.push_back(name);
  }
  seen_ = std::move(now);
  return fresh;
}

Recogniser::Known Recogniser::study(const images::Images& images,
                                    const images::Image& image) const {
  const auto path = images.folder + "/" + image.file;
  const auto recognise_it = [&](const Contents& contents) {
    return recognise(image, contents, cookbook_.recipes, [this](std::string_view name) {
      return std::ranges::binary_search(rom_names_, name);
    });
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
