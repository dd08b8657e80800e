// The certificates of one server, which may change while it runs.
//
//   ASSIGN_OR_RETURN(auto credentials, TlsCredentials::Load("HTTP", settings, make_context));
//   auto tls = credentials->Accept(socket);
//
// The files are looked at when a client connects, at most once a second, so that an idle server does nothing and files
// on any file system will do. Changed files serve new connections; open ones keep what they began with. Files that
// cannot be used are logged once and change nothing. Resumption of sessions ends with a change.
//
// Thread-safe.
#pragma once

#include <array>
#include <memory>
#include <string>

#include "base/clock.h"
#include "base/file_stamp.h"
#include "base/mutex.h"
#include "net/tls.h"

namespace neso::net {

class TlsCredentials {
 public:
  static constexpr Nanoseconds kLookEvery = std::chrono::seconds(1);

  // `service` is for the log. Errors: those of `make`.
  static Expected<std::shared_ptr<TlsCredentials>> Load(std::string service, TlsSettings settings, MakeTlsContext make,
                                                        const Clock& clock = SteadyClock::Instance());

  // The server's side of a new connection, over `socket`, which outlives it.
  std::unique_ptr<TlsTransport> Accept(Transport& socket);

 private:
  using Stamps = std::array<FileStamp, 3>;

  TlsCredentials(std::string service, TlsSettings settings, MakeTlsContext make, const Clock& clock, Stamps stamps,
                 std::unique_ptr<TlsContext> context);
  static Stamps StampsOf(const TlsSettings& settings);
  // Reads the files again if they have changed; null if not, or if they cannot be used.
  std::shared_ptr<const TlsContext> Look();

  const std::string service_;
  const TlsSettings settings_;
  const MakeTlsContext make_;
  const Clock& clock_;
  Stamps seen_;  // whether they could be used or not; for who is looking
  Mutex mutex_;
  bool looking_ GUARDED_BY(mutex_) = false;
  TimePoint next_look_ GUARDED_BY(mutex_);
  std::shared_ptr<const TlsContext> current_ GUARDED_BY(mutex_);
};

}  // namespace neso::net
