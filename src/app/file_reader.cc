#include "app/file_reader.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <cstring>

#include <fmt/format.h>

#include "app/landlock.h"
#include "app/seccomp.h"

namespace pixie::app {
namespace {

/// Before the content, which there is if `error` is 0.
struct Answer {
  std::int32_t error;
  std::uint32_t size;
};

std::expected<std::string, int> read_file(const std::string& path) {
  const tree::Descriptor file(open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file) return std::unexpected(errno);
  std::string content(FileReader::limit_bytes + 1, '\0');
  std::size_t size = 0;
  ssize_t got = 1;
  while (got > 0 && size < content.size()) {
    got = read(file.number(), content.data() + size, content.size() - size);
    if (got < 0) return std::unexpected(errno);
    size += static_cast<std::size_t>(got);
  }
  if (size > FileReader::limit_bytes) return std::unexpected(EFBIG);
  content.resize(size);
  return content;
}

bool send_all(int socket, const void* bytes, std::size_t size) {
  const auto* at = static_cast<const char*>(bytes);
  while (size > 0) {
    const auto sent = send(socket, at, size, MSG_NOSIGNAL);
    if (sent <= 0) return false;
    at += sent;
    size -= static_cast<std::size_t>(sent);
  }
  return true;
}

bool receive_all(int socket, void* bytes, std::size_t size) {
  return size == 0 || recv(socket, bytes, size, MSG_WAITALL) == static_cast<ssize_t>(size);
}

/// The other process: answers each byte, a file's place in the list, until the socket's other end is closed.
[[noreturn]] void serve_files(int socket, const std::vector<std::string>& files) {
  constexpr int kept = 0;
  if (dup2(socket, kept) < 0) _exit(1);
  closefrom(kept + 1);
  // It may read what its user may, and write nothing. Where the kernel can't see to that, nobody asks it to.
  const FileRule everything{.path = "/"};
  std::ignore = confine_to_files({&everything, 1}, false);
  std::ignore = limit_system_calls(false);
  std::uint8_t place = 0;
  // It is ready.
  if (!send_all(kept, &place, sizeof place)) _exit(1);
  while (receive_all(kept, &place, sizeof place) && place < files.size()) {
    const auto content = read_file(files[place]);
    const Answer answer{.error = content ? 0 : content.error(),
                        .size = content ? static_cast<std::uint32_t>(content->size()) : 0};
    if (!send_all(kept, &answer, sizeof answer) ||
        (content && !send_all(kept, content->data(), content->size())))
      break;
  }
  _exit(0);
}

}  // namespace

Expected<FileReader> FileReader::start(std::vector<std::string> files) {
  int ends[2];
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0)
    return fail(fmt::format("can't make a pair of sockets: {}", std::strerror(errno)));
  FileReader reader;
  reader.files_ = std::move(files);
  reader.socket_ = tree::Descriptor(ends[0]);
  tree::Descriptor other(ends[1]);
  const auto child = fork();
  if (child == 0) serve_files(other.number(), reader.files_);
  if (child < 0) return fail(fmt::format("can't start a process: {}", std::strerror(errno)));
  other = tree::Descriptor();
  std::uint8_t ready = 0;
  if (!receive_all(reader.socket_.number(), &ready, sizeof ready))
    return fail("the process that reads the settings again ended at once");
  return reader;
}

std::expected<std::string, int> FileReader::read(const std::string& path) const {
  if (!socket_) return read_file(path);
  const auto place = static_cast<std::uint8_t>(std::ranges::find(files_, path) - files_.begin());
  Answer answer{};
  if (!send_all(socket_.number(), &place, sizeof place) ||
      !receive_all(socket_.number(), &answer, sizeof answer))
    return std::unexpected(EPIPE);
  if (answer.error != 0) return std::unexpected(answer.error);
  std::string content(answer.size, '\0');
  if (!receive_all(socket_.number(), content.data(), content.size())) return std::unexpected(EPIPE);
  return content;
}

std::string why_unread(int error) {
  const std::string text = std::strerror(error);
  return error == EACCES ? text + " for the user that pixie runs as" : text;
}

}  // namespace pixie::app
