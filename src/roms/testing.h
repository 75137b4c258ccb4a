// What the tests of this folder make by themselves: PE images of any machine, tar and gzip files,
// folders that vanish.
#pragma once

#include <stdlib.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>

#include <fmt/format.h>
#include <zlib.h>

namespace pixie::roms::testing {

/// A folder of its own for one test.
class TemporaryFolder {
 public:
  TemporaryFolder() {
    auto pattern = (std::filesystem::temp_directory_path() / "pixie-roms-XXXXXX").string();
    path_ = ::mkdtemp(pattern.data());
  }
  ~TemporaryFolder() { std::filesystem::remove_all(path_); }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;

  const std::filesystem::path& path() const { return path_; }

  std::filesystem::path write(std::string_view name, std::string_view content) const {
    const auto file = path_ / name;
    std::filesystem::create_directories(file.parent_path());
    std::ofstream(file, std::ios::binary) << content;
    return file;
  }

 private:
  std::filesystem::path path_;
};

inline std::string content_of(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

inline void put_little_endian(std::string& bytes, std::size_t offset, std::uint32_t value,
                              int width) {
  for (int i = 0; i < width; ++i) bytes[offset + i] = static_cast<char>(value >> 8 * i);
}

struct PeOptions {
  std::uint16_t machine = 0x8664;
  std::uint16_t subsystem = 10;
  bool is_signed = false;
  /// Goes into the SBAT line; none if empty.
  std::string version = {};
};

/// The headers of an EFI application, its SBAT line, and room for a signature.
inline std::string make_pe(const PeOptions& options) {
  const bool is_32_bit = options.machine == 0x014c || options.machine == 0x01c2;
  std::string bytes(1024, '\0');
  bytes[0] = 'M';
  bytes[1] = 'Z';
  put_little_endian(bytes, 0x3c, 0x80, 4);
  bytes[0x80] = 'P';
  bytes[0x81] = 'E';
  put_little_endian(bytes, 0x84, options.machine, 2);
  put_little_endian(bytes, 0x80 + 20, is_32_bit ? 224 : 240, 2);
  put_little_endian(bytes, 0x98, is_32_bit ? 0x10b : 0x20b, 2);
  put_little_endian(bytes, 0x98 + 68, options.subsystem, 2);
  const std::size_t directories = 0x98 + (is_32_bit ? 96 : 112);
  put_little_endian(bytes, directories - 4, 16, 4);
  if (options.is_signed) {
    put_little_endian(bytes, directories + 32, 768, 4);
    put_little_endian(bytes, directories + 36, 256, 4);
  }
  if (!options.version.empty()) {
    const auto line = fmt::format("ipxe,1,iPXE,ipxe.efi,{},https://ipxe.org\n", options.version);
    std::ranges::copy(line, bytes.begin() + 512);
  }
  return bytes;
}

/// The first bytes of iPXE 2's BIOS boot program; `architecture` is 0x32 or 0x64.
inline std::string make_bios(char architecture) {
  std::string bytes(1024, '\0');
  constexpr std::array<unsigned char, 8> kJump{0xea, 0x08, 0x00, 0xc0, 0x07, 0x00, 0xae, 0x18};
  std::ranges::copy(kJump, bytes.begin());
  bytes[5] = architecture;
  return bytes;
}

/// Writes a tar archive member by member.
class TarWriter {
 public:
  TarWriter& file(std::string_view path, std::string_view content) {
    return header(path, '0', content.size()).data(content);
  }
  TarWriter& link(std::string_view path, std::string_view target, char type = '2') {
    return header(path, type, 0, target);
  }
  TarWriter& header(std::string_view path, char type, std::size_t size,
                    std::string_view target = {}) {
    std::string block(512, '\0');
    std::ranges::copy(path, block.begin());
    std::ranges::copy(fmt::format("{:011o}", size), block.begin() + 124);
    std::ranges::copy(std::string_view("        "), block.begin() + 148);
    block[156] = type;
    std::ranges::copy(target, block.begin() + 157);
    std::ranges::copy(std::string_view("ustar\0"
                                       "00",
                                       8),
                      block.begin() + 257);
    unsigned sum = 0;
    for (const unsigned char c : block) sum += c;
    std::ranges::copy(fmt::format("{:06o}", sum), block.begin() + 148);
    block[154] = '\0';
    archive_ += block;
    return *this;
  }
  TarWriter& data(std::string_view content) {
    archive_ += content;
    archive_.resize((archive_.size() + 511) / 512 * 512);
    return *this;
  }
  /// The archive with its end.
  std::string finished() const { return archive_ + std::string(1024, '\0'); }
  const std::string& unfinished() const { return archive_; }

 private:
  std::string archive_;
};

inline std::string gzipped(std::string_view content) {
  z_stream stream{};
  deflateInit2(&stream, Z_BEST_SPEED, Z_DEFLATED, 16 + MAX_WBITS, 8, Z_DEFAULT_STRATEGY);
  std::string result(deflateBound(&stream, content.size()), '\0');
  std::string input(content);
  stream.next_in = reinterpret_cast<Bytef*>(input.data());
  stream.avail_in = static_cast<uInt>(input.size());
  stream.next_out = reinterpret_cast<Bytef*>(result.data());
  stream.avail_out = static_cast<uInt>(result.size());
  deflate(&stream, Z_FINISH);
  result.resize(stream.total_out);
  deflateEnd(&stream);
  return result;
}

}  // namespace pixie::roms::testing
