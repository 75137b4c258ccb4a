// Keeps what HTTPS is served with as it stands in its files: reads them anew when they change, on threads of its own. A
// pair that can't be used never replaces a good one.
#pragma once

#include <list>
#include <mutex>
#include <thread>

#include "events/stream.h"
#include "net/folder_watch.h"
#include "net/tls_server.h"

namespace pixie::app {

class CertificateWatch {
 public:
  /// `server` serves with what is in `files` already; it outlives the watch.
  CertificateWatch(net::TlsServer& server, net::TlsServer::Contents loaded, net::TlsFiles files,
                   events::Stream& events);
  ~CertificateWatch() { stop(); }

  /// Tells of the certificate in force, and begins to watch.
  void start();
  /// Reads again; other files from now on. Not from a watching thread.
  void follow(net::TlsFiles files);
  /// Watches no more.
  void stop();

 private:
  struct Watcher {
    explicit Watcher(const std::string& folder)
        : watch(folder, [](std::string_view) { return false; }) {}
    net::FolderWatch watch;
    std::thread thread;
  };

  void watch();
  void look();
  void tell();

  net::TlsServer& server_;
  events::Stream& events_;
  /// Held while the files are read.
  std::mutex mutex_;
  net::TlsFiles files_;
  /// What was read last, good or not: what did not change is not told of again.
  net::TlsServer::Contents read_;
  std::string trouble_;
  /// One for each folder that has a file.
  std::list<Watcher> watchers_;
};

/// The file that HTTPS is served with and that the process can't read any more (a key that is root's alone); empty if
/// there is none.
std::string unreadable_of(const net::TlsFiles& files);

}  // namespace pixie::app
