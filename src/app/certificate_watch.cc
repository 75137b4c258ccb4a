#include "app/certificate_watch.h"

#include <fcntl.h>
#include <unistd.h>

#include <filesystem>
#include <set>
#include <utility>

#include "events/catalogue.h"

namespace pixie::app {

CertificateWatch::CertificateWatch(net::TlsServer& server, net::TlsServer::Contents loaded,
                                   net::TlsFiles files, events::Stream& events)
    : server_(server), events_(events), files_(std::move(files)), read_(std::move(loaded)) {}

void CertificateWatch::start() {
  tell();
  watch();
  // What changed before it was watched. That the user pixie has become can't read it, is told by advice once.
  if (unreadable_of(files_).empty()) look();
}

void CertificateWatch::watch() {
  std::set<std::string> folders;
  for (const auto& file : {files_.certificate, files_.key, files_.clients}) {
    const auto folder = std::filesystem::path(file).parent_path().native();
    if (!file.empty()) folders.insert(folder.empty() ? "." : folder);
  }
  for (const auto& folder : folders) {
    auto& watcher = watchers_.emplace_back(folder);
    watcher.thread = std::thread([this, &watcher] {
      while (watcher.watch.wait() != net::FolderWatch::News::stopped) look();
    });
  }
}

void CertificateWatch::stop() {
  for (auto& watcher : watchers_) watcher.watch.stop();
  for (auto& watcher : watchers_) watcher.thread.join();
  watchers_.clear();
}

void CertificateWatch::follow(net::TlsFiles files) {
  stop();
  files_ = std::move(files);
  // Whatever they hold is news.
  read_ = {};
  trouble_.clear();
  watch();
  look();
}

void CertificateWatch::look() {
  const std::lock_guard lock(mutex_);
  auto contents = net::TlsServer::read(files_);
  auto outcome = Expected<void>();
  if (!contents) {
    outcome = std::unexpected(contents.error());
  } else {
    if (*contents == std::exchange(read_, *contents) && trouble_.empty()) return;
    outcome = server_.load(read_, files_);
  }
  auto trouble = outcome ? std::string() : outcome.error().text;
  if (outcome) {
    tell();
  } else if (trouble != trouble_) {
    events_.emit(events::https_certificate_refused, {{"reason", trouble}});
  }
  trouble_ = std::move(trouble);
}

void CertificateWatch::tell() {
  const auto certificate = server_.certificate();
  events_.emit(
      events::https_certificate,
      {{"file", files_.certificate}, {"names", certificate.names}, {"until", certificate.until}});
}

std::string unreadable_of(const net::TlsFiles& files) {
  for (const auto& file : {files.certificate, files.key, files.clients}) {
    if (!file.empty() && faccessat(AT_FDCWD, file.c_str(), R_OK, AT_EACCESS) != 0) return file;
  }
  return {};
}

}  // namespace pixie::app
