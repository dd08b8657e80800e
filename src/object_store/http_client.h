// HTTP requests to object stores and to those who give out credentials for them.
//
//   ASSIGN_OR_RETURN(const HttpResponse response, client.Send({.url = "https://storage.googleapis.com/..."}));
#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/status.h"
#include "repository/storage/object_stores.h"

namespace neso::object_store {

using HttpHeaders = std::vector<std::pair<std::string, std::string>>;

struct HttpRequest {
  std::string method = "GET";
  std::string url = {};
  HttpHeaders headers = {};
  std::string body = {};
  bool is_local = false;                   // at the machine's own address (metadata): no proxy is asked
  std::chrono::milliseconds timeout = {};  // for all of it; 0: only a stall ends it
  // PEM, of those who may sign the store's certificate; empty: those of SSL_CERT_FILE, or else the system's.
  std::string authorities_file = {};
  // The sink gets nothing but the part of a content (status 206) that begins with this byte.
  std::optional<uint64_t> part_from = {};
};

struct HttpResponse {
  long status = 0;
  std::map<std::string, std::string> headers = {};  // names in lower case
  std::string body = {};                            // what no sink took

  // Empty: there is no such header.
  const std::string& Header(const std::string& name) const;
  bool IsSuccess() const { return status >= 200 && status < 300; }
};

// Thread-safe.
class HttpClient {
 public:
  using Sink = ObjectStores::Sink;

  virtual ~HttpClient() = default;
  // The body of a success goes to `sink`, in pieces, if there is one; that of anything else is in the response, and is
  // bounded.
  // Errors: the sink's; kCancelled when the server ends; kUnavailable for a connection that fails, breaks, or brings
  // nothing for too long; kInvalidArg for what will not get better: a certificate or an address that cannot be used.
  virtual Expected<HttpResponse> Send(const HttpRequest& request, const Sink& sink = nullptr) = 0;
  // Before something is asked for again. False, and no longer, when the server ends.
  virtual bool Pause(std::chrono::milliseconds time) = 0;
};

// Over libcurl; connections are kept for the requests that follow. `host` outlives it.
std::unique_ptr<HttpClient> MakeCurlClient(ObjectStoreHost& host);

// Percent-encoded but for letters, digits and "-._~", and '/' if it is to be kept (RFC 3986, and what signatures are
// made of).
std::string EncodeForUrl(std::string_view text, bool keep_slashes = false);

// "a=1&b=%2F", sorted by name.
using HttpQuery = std::map<std::string, std::string>;
std::string EncodeQuery(const HttpQuery& query);

}  // namespace neso::object_store
