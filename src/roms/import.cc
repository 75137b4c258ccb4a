#include "roms/import.h"

#include <algorithm>
#include <array>
#include <map>
#include <optional>
#include <set>
#include <system_error>
#include <utility>

#include <fmt/format.h>

#include "roms/files.h"
#include "roms/provenance.h"
#include "roms/sha256.h"
#include "roms/tar.h"

namespace pixie::roms {

namespace fs = std::filesystem;

namespace {

constexpr std::size_t kLargestBundle = 64 << 20;
constexpr std::size_t kLargestUnpacked = 256 << 20;
constexpr std::size_t kLargestRom = 16 << 20;
constexpr std::size_t kMostFiles = 1'000;
constexpr int kDeepest = 3;

/// How names spell architectures: at the end of a file name, or as the name of a folder.
struct Spelling {
  std::string_view text;
  Architecture architecture;
};
constexpr auto kSpellings = std::to_array<Spelling>({
    {"x86_64", Architecture::kX86_64},
    {"amd64", Architecture::kX86_64},
    {"x64", Architecture::kX86_64},
    {"i386", Architecture::kI386},
    {"ia32", Architecture::kI386},
    {"aarch64", Architecture::kArm64},
    {"riscv64", Architecture::kRiscv64},
    {"arm64", Architecture::kArm64},
    {"aa64", Architecture::kArm64},
    {"riscv32", Architecture::kRiscv32},
    {"arm32", Architecture::kArm32},
    {"loong64", Architecture::kLoong64},
    {"arm", Architecture::kArm32},
    {"64", Architecture::kX86_64},
    {"32", Architecture::kI386},
});

/// The end of a ROM's name here, before `.efi`.
std::string_view suffix_of(Architecture architecture) {
  switch (architecture) {
    case Architecture::kI386:
      return "32";
    case Architecture::kX86_64:
      return "64";
    case Architecture::kArm32:
      return "-arm32";
    case Architecture::kArm64:
      return "-arm64";
    case Architecture::kRiscv32:
      return "-riscv32";
    case Architecture::kRiscv64:
      return "-riscv64";
    case Architecture::kLoong64:
      return "-loong64";
  }
  return {};
}

std::string lower(std::string text) {
  for (char& c : text) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return text;
}

/// A source path taken apart, in lower case: `arm64-sb/ipxe-arm64.efi`.
struct SourceName {
  std::optional<Architecture> folder_architecture;
  bool is_in_signed_folder = false;
  std::string file;  // ipxe-arm64.efi
  std::string base;  // ipxe
  std::optional<Architecture> file_architecture;
};

SourceName take_apart(std::string_view path) {
  SourceName name;
  const auto slash = path.find_last_of('/');
  name.file = lower(std::string(path.substr(slash == path.npos ? 0 : slash + 1)));
  name.base = name.file.substr(0, name.file.find_last_of('.'));
  for (const auto& [text, architecture] : kSpellings) {
    if (name.base.size() <= text.size() || !name.base.ends_with(text)) continue;
    name.file_architecture = architecture;
    name.base.resize(name.base.size() - text.size());
    if (name.base.ends_with('-') || name.base.ends_with('_')) name.base.pop_back();
    break;
  }
  // Debian's older `snponly-arm.efi` meant 64 bits; only the header can tell.
  if (name.file.ends_with("-arm.efi")) name.file_architecture.reset();

  if (slash == path.npos) return name;
  auto folder = lower(std::string(path.substr(0, slash)));
  folder.erase(0, folder.find_last_of('/') == folder.npos ? 0 : folder.find_last_of('/') + 1);
  name.is_in_signed_folder = folder.ends_with("-sb");
  if (name.is_in_signed_folder) folder.resize(folder.size() - 3);
  const auto* spelling = std::ranges::find(kSpellings, folder, &Spelling::text);
  if (spelling != kSpellings.end()) name.folder_architecture = spelling->architecture;
  return name;
}

bool is_shim(const SourceName& name) { return name.file.find("shim") != std::string::npos; }

bool is_ipxe_base(std::string_view base) {
  return base.starts_with("ipxe") || base.starts_with("snponly");
}

/// Why the file must not be imported although it is a ROM.
std::optional<std::string> objection(const SourceName& name, const Image& image) {
  const auto is_wrong = [&](std::optional<Architecture> said) {
    return image.firmware == Firmware::kUefi && said && *said != image.architecture;
  };
  if (is_wrong(name.folder_architecture) || is_wrong(name.file_architecture)) {
    const bool by_folder = is_wrong(name.folder_architecture);
    return fmt::format("its {} says {}, its header {}", by_folder ? "folder" : "name",
                       name_of(by_folder ? *name.folder_architecture : *name.file_architecture),
                       name_of(image.architecture));
  }
  if ((name.is_in_signed_folder || is_shim(name)) && !image.is_signed) {
    return "it has no signature, so Secure Boot would refuse it";
  }
  return std::nullopt;
}

/// The name in the ROM folder.
std::string target_name(const SourceName& name, const Image& image) {
  if (image.firmware == Firmware::kBios) return name.file;
  if (image.is_signed) {
    const auto file = is_shim(name) ? name.file : name.base + ".efi";
    return fmt::format("{}-sb/{}", name_of(image.architecture), file);
  }
  if (!is_ipxe_base(name.base) && !name.folder_architecture) return name.file;
  return fmt::format("{}{}.efi", name.base, suffix_of(image.architecture));
}

bool has_control_character(std::string_view text) {
  return std::ranges::any_of(text, [](unsigned char c) { return c < ' ' || c == 0x7f; });
}

/// Gives each signed ROM its shim under the name by which the shim finds that ROM:
/// `snponly-shim.efi` for `snponly.efi`. In the bundle these names are links to one `shimx64.efi`.
void name_shims(std::vector<PlannedRom>& roms) {
  const auto shim_of = [&](std::string_view folder) -> std::optional<PlannedRom> {
    for (const auto* file : {"shimx64.efi", "shimaa64.efi"}) {
      const auto shim =
          std::ranges::find(roms, fmt::format("{}/{}", folder, file), &PlannedRom::name);
      if (shim != roms.end()) return *shim;
    }
    return std::nullopt;
  };
  std::set<std::string, std::less<>> taken;
  for (const auto& rom : roms) taken.insert(rom.name);

  const auto count = roms.size();
  for (std::size_t i = 0; i < count; ++i) {
    const auto name = roms[i].name;
    const auto slash = name.find('/');
    if (slash == name.npos || name.find("shim") != name.npos) continue;
    auto shim = shim_of(name.substr(0, slash));
    if (!shim) continue;
    shim->name = fmt::format("{}-shim.efi", name.substr(0, name.size() - 4));
    if (taken.insert(shim->name).second) roms.push_back(*shim);
  }
}

/// Adds the file to the plan unless another one has its name already. Of two BIOS ROMs the i386 one
/// stays: it runs on every machine.
void add(ImportPlan& plan, PlannedRom rom) {
  const auto other = std::ranges::find(plan.roms, rom.name, &PlannedRom::name);
  if (other == plan.roms.end()) {
    plan.roms.push_back(std::move(rom));
    return;
  }
  if (rom.image.firmware == Firmware::kBios && rom.image.architecture == Architecture::kI386 &&
      other->image.architecture != Architecture::kI386) {
    std::swap(rom, *other);
  }
  const bool is_same = std::ranges::equal(rom.source.bytes, other->source.bytes);
  plan.skipped.push_back(
      {rom.source.path,
       fmt::format("{} is {} already", rom.name,
                   is_same ? "the same and there" : "taken from " + other->source.path)});
}

Expected<std::vector<std::byte>> read_archive(const fs::path& source) {
  auto bytes = read_file(source, kLargestBundle);
  if (!bytes || !is_gzip(*bytes)) return bytes;
  auto unpacked = gunzip(*bytes, kLargestUnpacked);
  if (!unpacked)
    return fail(fmt::format("{} is refused: {}.", source.string(), unpacked.error().text));
  return unpacked;
}

/// Files of the source, their bytes kept in `storage`.
struct Source {
  std::vector<SourceFile> files;
  std::vector<SkippedFile> skipped;
  std::vector<std::vector<std::byte>> storage;
};

Expected<Source> read_bundle(const fs::path& path) {
  auto archive = read_archive(path);
  if (!archive) return std::unexpected(archive.error());
  Source source;
  source.storage.push_back(std::move(*archive));
  const auto members = read_tar(source.storage.front());
  if (!members) return fail(fmt::format("{} is refused: {}.", path.string(), members.error().text));
  for (const auto& member : *members) {
    if (member.kind == TarMember::Kind::kLink) {
      source.skipped.push_back({member.path, "a link"});
    } else {
      source.files.push_back({member.path, member.bytes});
    }
  }
  return source;
}

Expected<Source> read_folder(const fs::path& folder) {
  Source source;
  std::size_t total = 0;
  std::error_code error;
  fs::recursive_directory_iterator item(folder, error);
  for (; !error && item != fs::recursive_directory_iterator(); item.increment(error)) {
    if (item.depth() >= kDeepest) item.disable_recursion_pending();
    const auto path = item->path().lexically_relative(folder).generic_string();
    std::error_code gone;
    if (item->is_symlink(gone)) {
      source.skipped.push_back({path, "a link"});
    } else if (item->is_regular_file(gone)) {
      auto bytes = read_file(item->path(), kLargestRom);
      if (!bytes) {
        source.skipped.push_back({path, "too large for a ROM, or not readable"});
        continue;
      }
      total += bytes->size();
      if (source.files.size() == kMostFiles || total > kLargestUnpacked) {
        return fail(fmt::format(
            "{} holds too much for a folder of ROMs: give the folder that the ROMs are in.",
            folder.string()));
      }
      source.storage.push_back(std::move(*bytes));
      source.files.push_back({path, source.storage.back()});
    }
  }
  if (error) return fail(fmt::format("{} can't be read: {}.", folder.string(), error.message()));
  std::ranges::sort(source.files, {}, &SourceFile::path);
  return source;
}

Expected<void> write_all(const fs::path& folder, const ImportResult& result,
                         const std::string& origin) {
  auto provenance = read_provenance(folder);
  if (!provenance) return std::unexpected(provenance.error());
  for (std::size_t i = 0; i < result.plan.roms.size(); ++i) {
    const auto& rom = result.plan.roms[i];
    std::error_code error;
    fs::create_directories((folder / rom.name).parent_path(), error);
    if (error) return fail(fmt::format("{} can't be made: {}.", folder.string(), error.message()));
    if (auto done = write_file(folder / rom.name, rom.source.bytes); !done) return done;
    provenance->insert_or_assign(rom.name, ProvenanceRecord{result.sha256[i], origin});
  }
  return write_file(folder / kProvenanceFile, wire::as_bytes(to_text(*provenance)));
}

}  // namespace

ImportPlan plan_import(const std::vector<SourceFile>& files) {
  ImportPlan plan;
  for (const auto& file : files) {
    const auto name = take_apart(file.path);
    if (name.file.starts_with('.') || name.file == kProvenanceFile) continue;
    if (has_control_character(file.path)) {
      plan.skipped.push_back({"a file", "its name has control characters"});
      continue;
    }
    const auto image = identify(file.bytes);
    if (!image) {
      plan.skipped.push_back({file.path, image.error().text});
    } else if (auto reason = objection(name, *image)) {
      plan.skipped.push_back({file.path, *reason});
    } else {
      add(plan, {target_name(name, *image), file, *image});
    }
  }
  name_shims(plan.roms);
  std::ranges::sort(plan.roms, {}, &PlannedRom::name);
  return plan;
}

Expected<ImportResult> import_roms(const fs::path& source, const fs::path& folder,
                                   std::string_view date) {
  std::error_code error;
  const bool is_folder = fs::is_directory(source, error);
  auto read = is_folder ? read_folder(source) : read_bundle(source);
  if (!read) return std::unexpected(read.error());

  ImportResult result;
  result.plan = plan_import(read->files);
  result.plan.skipped.insert(result.plan.skipped.end(), read->skipped.begin(), read->skipped.end());
  result.storage = std::move(read->storage);
  if (result.plan.roms.empty()) {
    return fail(fmt::format(
        "{} holds no ROM that pixie knows: give iPXE's release bundle (ipxeboot.tar.gz) or a "
        "folder with .efi and .kpxe files.",
        source.string()));
  }
  for (const auto& rom : result.plan.roms) result.sha256.push_back(sha256(rom.source.bytes));

  const auto origin = fmt::format("{} {}, imported {}", is_folder ? "folder" : "bundle",
                                  fs::absolute(source, error).lexically_normal().string(), date);
  if (auto done = write_all(folder, result, origin); !done) return std::unexpected(done.error());
  return result;
}

}  // namespace pixie::roms
