#include "tree/answer.h"

#include <cerrno>
#include <cstring>

#include <fmt/format.h>

namespace pixie::tree {

Body file_body(Opened opened, Body::Kind kind, std::string_view path) {
  const auto& status = opened.status;
  const auto size = static_cast<std::uint64_t>(status.st_size);
  Body body(kind, FileRange{.file = std::move(opened.file), .offset = 0, .length = size});
  body.etag = fmt::format("\"{:x}-{:x}-{:x}.{:x}\"", status.st_ino, size, status.st_mtim.tv_sec,
                          status.st_mtim.tv_nsec);
  body.modified = status.st_mtim.tv_sec;
  body.name = last_component(path);
  return body;
}

Refusal refusal(int error, const std::string& path) {
  using enum Refusal::Reason;
  switch (error) {
    case ENOENT:
    case ENOTDIR:
    case ENAMETOOLONG:
      return {not_found, fmt::format("There is no {} here.", path)};
    case EXDEV:
    case ELOOP:
      return {forbidden,
              fmt::format("{} is a symbolic link that leads out of its folder (or is absolute); "
                          "only links within the folder are followed.",
                          path)};
    case EACCES:
    case EPERM:
      return {forbidden, fmt::format("{} may not be read by the user that pixie runs as.", path)};
    case EINVAL:
    case ENXIO:  // a socket
    case ENODEV:
      return {forbidden, fmt::format("{} is neither a file nor a folder.", path)};
    default:
      return {unreadable, fmt::format("{} can't be read: {}.", path, std::strerror(error))};
  }
}

std::string_view last_component(std::string_view path) {
  const auto slash = path.rfind('/');
  return slash == std::string_view::npos ? path : path.substr(slash + 1);
}

}  // namespace pixie::tree
