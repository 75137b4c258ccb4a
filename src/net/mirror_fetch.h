// Fetches one file from its upstream into the mirror's cache: asks whether it is still as it is here, goes on with a
// part, tries again where the connection breaks, and checks what has come.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <stop_token>
#include <string>

#include "http/url.h"
#include "mirror/allow_list.h"
#include "mirror/cache.h"
#include "net/growing.h"
#include "net/http_client.h"

namespace pixie::net {

struct MirrorTimes {
  HttpClient::Patiences patiences{};
  /// Until the head of the answer, where there is a copy to serve instead.
  std::chrono::milliseconds head_with_copy = std::chrono::seconds(5);
  /// Before the first new try after a connection broke; it doubles.
  std::chrono::milliseconds pause = std::chrono::milliseconds(500);
  /// Without any progress for so long, nothing is tried any more. iPXE itself gives up after 120 s of silence.
  std::chrono::milliseconds standstill = std::chrono::seconds(90);
  /// In each such time so many bytes must come, or it ends: threads are few, and others wait for theirs.
  std::chrono::milliseconds stretch = std::chrono::minutes(5);
  std::uint64_t stretch_bytes = 1 << 20;
};

/// What the thread that fetches needs; all outlive it.
struct MirrorTools {
  const HttpClient& client;
  mirror::Cache& cache;
  const mirror::AllowList& hosts;
  const MirrorTimes& times;
};

/// A file that comes.
struct MirrorStart {
  /// Without a hash; its size is the whole's, or 0 if that is not known.
  std::shared_ptr<const mirror::Entry> entry;
  /// Null: it can't be sent while it comes, because its size is not known, or it must be known to be the right one.
  std::shared_ptr<Growing> growing;
  /// Its bytes, if it can be sent.
  tree::Descriptor file;
};

struct MirrorEnd {
  enum class What : std::uint8_t {
    whole,
    /// The upstream says that the copy that is here is still right.
    unchanged,
    /// The upstream answers, but has no such file, or does not give it: `status`.
    refused,
    /// It was not the file that its SHA-256 was said to be.
    mismatch,
    failed,
  };
  What what = What::failed;
  /// Of whole and unchanged.
  std::shared_ptr<const mirror::Entry> entry = {};
  /// Of whole: its bytes.
  tree::Descriptor file = {};
  int status = 0;
  std::string reason = {};
  /// What came over the network.
  std::uint64_t bytes = 0;
};

/// Fetches `url` and returns how it ended. Blocks, for as long as there is progress; ends soon once a stop is requested.
/// `former`: the copy that is here; may be null. `sha256`: what it must be; empty: whatever comes. `on_start` is called
/// at most once, when the upstream has begun to send it.
MirrorEnd fetch_into_mirror(const MirrorTools& tools, const http::Url& url,
                            const std::shared_ptr<const mirror::Entry>& former,
                            const std::string& sha256,
                            const std::function<void(MirrorStart)>& on_start,
                            const std::stop_token& stop);

}  // namespace pixie::net
