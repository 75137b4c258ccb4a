#include "app/signature.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <vector>

#include <fmt/format.h>

extern char** environ;

namespace pixie::app {
namespace {

namespace fs = std::filesystem;

constexpr int command_not_found = 127;

/// A folder for this program alone, while this lives.
class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::string name = (fs::temp_directory_path() / "pixie-XXXXXX").string();
    if (mkdtemp(name.data())) path_ = name;
  }
  ~TemporaryFolder() {
    std::error_code ignored;
    if (!path_.empty()) fs::remove_all(path_, ignored);
  }
  TemporaryFolder(const TemporaryFolder&) = delete;

  std::string file(const char* name) const { return path_ + "/" + name; }
  std::string write(const char* name, const std::string& content) const {
    std::ofstream(file(name), std::ios::binary) << content;
    return file(name);
  }
  std::string read(const char* name) const {
    std::ifstream in(file(name), std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
  }

 private:
  std::string path_;
};

/// Runs a program that is looked for in PATH; what it says goes to the file `says`. Its exit code; nothing: there is no
/// such program.
std::optional<int> run(const std::vector<std::string>& command, const std::string& says) {
  std::vector<char*> arguments;
  arguments.reserve(command.size() + 1);
  for (const auto& word : command) arguments.push_back(const_cast<char*>(word.c_str()));
  arguments.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  constexpr mode_t mode = 0600;
  posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, says.c_str(), O_WRONLY | O_CREAT, mode);
  posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
  pid_t child = 0;
  const int error =
      posix_spawnp(&child, command.front().c_str(), &actions, nullptr, arguments.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  int status = 0;
  if (error != 0 || waitpid(child, &status, 0) != child) return std::nullopt;
  const int code = WIFEXITED(status) ? WEXITSTATUS(status) : 1;
  return code == command_not_found ? std::nullopt : std::optional(code);
}

/// `Good signature from "…"`: the names in it.
std::string signers_in(const std::string& says) {
  constexpr std::string_view mark = "Good signature from \"";
  std::string names;
  for (auto at = says.find(mark); at != std::string::npos; at = says.find(mark, at)) {
    at += mark.size();
    const auto end = std::min(says.find('"', at), says.size());
    names += (names.empty() ? "" : " and ") + says.substr(at, end - at);
  }
  return names;
}

std::string last_line(std::string text) {
  while (text.ends_with('\n')) text.pop_back();
  return text.substr(text.rfind('\n') + 1);
}

}  // namespace

Expected<Signed> check_signature(const std::string& text,
                                 const std::optional<std::string>& detached,
                                 const std::string& keyring) {
  const auto unchecked = [&](std::string note) {
    return Signed{.text = text, .note = std::move(note)};
  };
  std::error_code error;
  const auto keys = fs::absolute(keyring, error);
  if (keyring.empty() || !fs::exists(keys, error)) {
    return unchecked(
        fmt::format("the signature is not checked: there is no keyring {} (--keyring)", keyring));
  }
  const TemporaryFolder folder;
  const auto signed_file = folder.write("text", text);
  std::vector<std::string> command{"gpgv", "--keyring", keys.string()};
  if (detached) {
    command.insert(command.end(), {folder.write("signature", *detached), signed_file});
  } else {
    command.insert(command.end(), {"--output", folder.file("signed"), signed_file});
  }
  const auto code = run(command, folder.file("says"));
  if (!code) return unchecked("the signature is not checked: gpgv is not installed");
  const auto says = folder.read("says");
  if (*code != 0) {
    return fail(fmt::format("its signature is not good by the keys of {}: {}", keys.string(),
                            last_line(says)));
  }
  return Signed{.text = detached ? text : folder.read("signed"),
                .note = fmt::format("signed by {}", signers_in(says)),
                .checked = true};
}

}  // namespace pixie::app
