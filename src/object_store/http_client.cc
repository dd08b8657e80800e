#include "object_store/http_client.h"

#include <curl/curl.h>

#include <mutex>
#include <optional>

#include "base/mutex.h"
#include "base/text.h"
#include "object_store/settings.h"

namespace neso::object_store {
namespace {

// A page of a thousand names of a kilobyte each, every byte of them escaped, and more.
constexpr size_t kMaxBody = 16U << 20;
constexpr size_t kMaxHeaders = 64U << 10;
constexpr long kConnectSeconds = 10;
// What cannot be sensibly read of a connection any more, in bytes a second, for as long as stall_timeout says.
constexpr long kStallBytesPerSecond = 16;
// What OpenSSL, and so the tools beside this server, look at; libcurl by itself does not.
constexpr const char* kAuthoritiesFile = "SSL_CERT_FILE";
constexpr std::string_view kAuthorityAdvice =
    "; SSL_CERT_FILE (with S3, AWS_CA_BUNDLE before it) names a PEM file of the authorities to trust";

struct CloseHandle {
  void operator()(CURL* handle) const { curl_easy_cleanup(handle); }
};
using Handle = std::unique_ptr<CURL, CloseHandle>;
struct FreeList {
  void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};

// One request under way, as libcurl's callbacks see it.
struct Transfer {
  CURL* handle;
  const HttpRequest& request;
  const HttpClient::Sink& sink;
  const StopSignal& stop;
  HttpResponse response;
  size_t header_bytes = 0;
  std::optional<Status> failure;  // ours, which libcurl knows only as "the callback did not want it"

  bool IsForSink() const {
    if (!sink || !request.part_from) return sink && response.IsSuccess();
    return response.status == 206 &&
           response.Header("content-range").starts_with(fmt::format("bytes {}-", *request.part_from));
  }
  size_t Fail(Status status) {
    failure = std::move(status);
    return 0;
  }
};

size_t OnHeader(char* data, size_t, size_t count, void* context) {
  Transfer& transfer = *static_cast<Transfer*>(context);
  const std::string_view line(data, count);
  transfer.header_bytes += count;
  if (transfer.header_bytes > kMaxHeaders) return transfer.Fail(Internal("more than {} bytes of headers", kMaxHeaders));
  if (line.starts_with("HTTP/")) transfer.response.headers.clear();  // an interim answer's are nobody's business
  const size_t colon = line.find(':');
  if (colon == std::string_view::npos) return count;
  transfer.response.headers[ToLowerAscii(line.substr(0, colon))] = TrimBlanks(line.substr(colon + 1));
  return count;
}

size_t OnBody(char* data, size_t, size_t count, void* context) {
  Transfer& transfer = *static_cast<Transfer*>(context);
  const std::string_view piece(data, count);
  curl_easy_getinfo(transfer.handle, CURLINFO_RESPONSE_CODE, &transfer.response.status);
  if (transfer.IsForSink()) {
    Status taken = transfer.sink(piece);
    return taken.ok() ? count : transfer.Fail(std::move(taken));
  }
  if (transfer.response.body.size() + count > kMaxBody) {
    return transfer.Fail(Internal("an answer of more than {} bytes", kMaxBody));
  }
  transfer.response.body += piece;
  return count;
}

int OnProgress(void* context, curl_off_t, curl_off_t, curl_off_t, curl_off_t) {
  return static_cast<Transfer*>(context)->stop.IsSet() ? 1 : 0;
}

bool MayPass(CURLcode code) {
  switch (code) {
    case CURLE_UNSUPPORTED_PROTOCOL:
    case CURLE_URL_MALFORMAT:
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CACERT_BADFILE: return false;
    default: return true;
  }
}

class CurlClient final : public HttpClient {
 public:
  explicit CurlClient(ObjectStoreHost& host) : host_(host) {
    static std::once_flag once;
    std::call_once(once, [] { curl_global_init(CURL_GLOBAL_ALL); });
  }

  Expected<HttpResponse> Send(const HttpRequest& request, const Sink& sink) override {
    Handle handle = Take();
    if (handle == nullptr) return Unavailable("no memory for a request");
    Transfer transfer{handle.get(), request, sink, host_.stop, {}, 0, {}};
    const std::unique_ptr<curl_slist, FreeList> headers = Prepare(handle.get(), request, transfer);
    char reason[CURL_ERROR_SIZE] = "";
    curl_easy_setopt(handle.get(), CURLOPT_ERRORBUFFER, reason);
    ++host_.counters.requests;
    const CURLcode code = curl_easy_perform(handle.get());
    curl_easy_getinfo(handle.get(), CURLINFO_RESPONSE_CODE, &transfer.response.status);
    Give(std::move(handle));
    if (transfer.failure) return *std::move(transfer.failure);
    if (code == CURLE_OK) return std::move(transfer.response);
    if (code == CURLE_ABORTED_BY_CALLBACK) return Cancelled("the server ends");
    std::string text = reason[0] == '\0' ? curl_easy_strerror(code) : reason;
    if (code == CURLE_PEER_FAILED_VERIFICATION) text += kAuthorityAdvice;
    return MayPass(code) ? Unavailable("{}", text) : InvalidArg("{}", text);
  }

  bool Pause(std::chrono::milliseconds time) override { return host_.stop.Pause(time); }

 private:
  // Those that are idle keep their connections.
  static constexpr size_t kMaxIdle = 32;

  Handle Take() {
    MutexLock lock(mutex_);
    if (idle_.empty()) return Handle(curl_easy_init());
    Handle handle = std::move(idle_.back());
    idle_.pop_back();
    return handle;
  }
  void Give(Handle handle) {
    curl_easy_reset(handle.get());  // the connection stays
    MutexLock lock(mutex_);
    if (idle_.size() < kMaxIdle) idle_.push_back(std::move(handle));
  }

  std::unique_ptr<curl_slist, FreeList> Prepare(CURL* handle, const HttpRequest& request, Transfer& transfer) {
    std::unique_ptr<curl_slist, FreeList> headers;
    const auto add = [&headers](const std::string& line) {
      curl_slist* const longer = curl_slist_append(headers.get(), line.c_str());
      if (longer == nullptr) throw std::bad_alloc();
      (void)headers.release();
      headers.reset(longer);
    };
    for (const auto& [name, value] : request.headers) add(value.empty() ? name + ";" : name + ": " + value);
    add("Expect:");
    curl_easy_setopt(handle, CURLOPT_URL, request.url.c_str());
    curl_easy_setopt(handle, CURLOPT_HTTPHEADER, headers.get());
    curl_easy_setopt(handle, CURLOPT_USERAGENT, "neso");
    curl_easy_setopt(handle, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(handle, CURLOPT_PATH_AS_IS, 1L);
    // One connection a request: several requests over one would share its window.
    curl_easy_setopt(handle, CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
    curl_easy_setopt(handle, CURLOPT_BUFFERSIZE, 256L << 10);
    curl_easy_setopt(handle, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(handle, CURLOPT_CONNECTTIMEOUT, kConnectSeconds);
    curl_easy_setopt(handle, CURLOPT_LOW_SPEED_LIMIT, kStallBytesPerSecond);
    curl_easy_setopt(handle, CURLOPT_LOW_SPEED_TIME, static_cast<long>(host_.stall_timeout.count()));
    if (request.timeout.count() > 0) {
      curl_easy_setopt(handle, CURLOPT_TIMEOUT_MS, static_cast<long>(request.timeout.count()));
      curl_easy_setopt(handle, CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(request.timeout.count()));
    }
    if (request.is_local) curl_easy_setopt(handle, CURLOPT_NOPROXY, "*");
    const std::string& authorities = request.authorities_file.empty() ? authorities_file_ : request.authorities_file;
    if (!authorities.empty()) curl_easy_setopt(handle, CURLOPT_CAINFO, authorities.c_str());
    if (request.method != "GET") {
      curl_easy_setopt(handle, CURLOPT_POSTFIELDS, request.body.c_str());
      curl_easy_setopt(handle, CURLOPT_POSTFIELDSIZE, static_cast<long>(request.body.size()));
    }
    curl_easy_setopt(handle, CURLOPT_CUSTOMREQUEST, request.method.c_str());
    curl_easy_setopt(handle, CURLOPT_HEADERFUNCTION, OnHeader);
    curl_easy_setopt(handle, CURLOPT_HEADERDATA, &transfer);
    curl_easy_setopt(handle, CURLOPT_WRITEFUNCTION, OnBody);
    curl_easy_setopt(handle, CURLOPT_WRITEDATA, &transfer);
    curl_easy_setopt(handle, CURLOPT_XFERINFOFUNCTION, OnProgress);
    curl_easy_setopt(handle, CURLOPT_XFERINFODATA, &transfer);
    curl_easy_setopt(handle, CURLOPT_NOPROGRESS, 0L);
    return headers;
  }

  ObjectStoreHost& host_;
  const std::string authorities_file_ = Environment(kAuthoritiesFile);
  Mutex mutex_;
  std::vector<Handle> idle_ GUARDED_BY(mutex_);
};

}  // namespace

const std::string& HttpResponse::Header(const std::string& name) const {
  static const std::string none;
  const auto it = headers.find(name);
  return it == headers.end() ? none : it->second;
}

std::unique_ptr<HttpClient> MakeCurlClient(ObjectStoreHost& host) { return std::make_unique<CurlClient>(host); }

std::string EncodeForUrl(std::string_view text, bool keep_slashes) {
  constexpr std::string_view kHex = "0123456789ABCDEF";
  std::string encoded;
  for (const char c : text) {
    const bool is_plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
                          c == '.' || c == '_' || c == '~' || (c == '/' && keep_slashes);
    if (is_plain) {
      encoded += c;
    } else {
      const auto byte = static_cast<unsigned char>(c);
      encoded += '%';
      encoded += kHex[byte >> 4];
      encoded += kHex[byte & 15];
    }
  }
  return encoded;
}

std::string EncodeQuery(const HttpQuery& query) {
  std::string text;
  for (const auto& [name, value] : query) {
    text += fmt::format("{}{}={}", text.empty() ? "" : "&", EncodeForUrl(name), EncodeForUrl(value));
  }
  return text;
}

}  // namespace neso::object_store
