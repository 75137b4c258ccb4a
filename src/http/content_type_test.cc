#include "http/content_type.h"

#include <string_view>
#include <utility>

#include <gtest/gtest.h>

namespace pixie::http {
namespace {

TEST(ContentType, FollowsTheName) {
  constexpr std::string_view plain = "text/plain; charset=utf-8";
  constexpr std::string_view unknown = "application/octet-stream";
  const std::pair<std::string_view, std::string_view> cases[] = {
      {"snponly64.efi", "application/efi"},
      {"EFI/BOOT/BOOTX64.EFI", "application/efi"},
      {"images/debian.iso", "application/vnd.efi-iso"},
      {"boot.img", "application/vnd.efi-img"},
      {"ipxe/52-54-00-ab-cd-ef.ipxe", plain},
      {"user-data", plain},
      {"noble/SHA256SUMS", plain},
      {"a.tar.gz", "application/gzip"},
      {"index.html", "text/html; charset=utf-8"},
      {"undionly.kpxe", unknown},
      {"vmlinuz", unknown},
      {"vmlinuz-6.1.0-31-amd64", unknown},
      {"folder.txt/initrd", unknown},
      {"", unknown},
      {".", unknown},
      {"efi", unknown},
      {".efi", "application/efi"},
      {"a.", unknown},
  };
  for (const auto& [path, type] : cases) EXPECT_EQ(content_type(path), type) << path;
}

}  // namespace
}  // namespace pixie::http
