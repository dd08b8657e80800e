#include "otlp/curl_connection.h"

#include <curl/curl.h>
#include <zlib.h>

#include <algorithm>
#include <mutex>
#include <new>
#include <optional>
#include <utility>

namespace neso::otlp {
namespace {

// An answer says what was rejected, in a sentence.
constexpr size_t kMaxReplyBytes = 64u << 10;
constexpr int kGzipFormat = 15 + 16;  // zlib's largest window, in gzip's form

struct CloseHandle {
  void operator()(CURL* handle) const { curl_easy_cleanup(handle); }
};
struct CloseMulti {
  void operator()(CURLM* multi) const { curl_multi_cleanup(multi); }
};
struct FreeList {
  void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};
using HeaderList = std::unique_ptr<curl_slist, FreeList>;

void AddHeader(HeaderList& list, const std::string& line) {
  curl_slist* const longer = curl_slist_append(list.get(), line.c_str());
  if (longer == nullptr) throw std::bad_alloc();
  (void)list.release();
  list.reset(longer);
}

// What is beyond the limit is not kept, and not an error.
size_t OnBody(char* data, size_t, size_t count, void* body) {
  auto& text = *static_cast<std::string*>(body);
  text.append(data, std::min(count, kMaxReplyBytes - std::min(kMaxReplyBytes, text.size())));
  return count;
}

// Empty when it cannot be had: the request goes as it is then.
std::string Gzip(std::string_view body) {
  z_stream stream{};
  if (deflateInit2(&stream, Z_DEFAULT_COMPRESSION, Z_DEFLATED, kGzipFormat, 8, Z_DEFAULT_STRATEGY) != Z_OK) return {};
  std::string zipped(deflateBound(&stream, body.size()), '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(body.data()));
  stream.avail_in = static_cast<uInt>(body.size());
  stream.next_out = reinterpret_cast<Bytef*>(zipped.data());
  stream.avail_out = static_cast<uInt>(zipped.size());
  const int state = deflate(&stream, Z_FINISH);
  zipped.resize(state == Z_STREAM_END ? stream.total_out : 0);
  deflateEnd(&stream);
  return zipped;
}

class CurlConnection final : public OtlpConnection {
 public:
  explicit CurlConnection(const OtlpEndpoint& endpoint) : endpoint_(endpoint) {
    static std::once_flag once;
    std::call_once(once, [] { curl_global_init(CURL_GLOBAL_ALL); });
    multi_.reset(curl_multi_init());
    handle_.reset(curl_easy_init());
    if (multi_ == nullptr || handle_ == nullptr) throw std::bad_alloc();
  }

  Expected<OtlpReply> Post(std::string_view body, const TimeLeft& time_left) override {
    const std::string zipped = endpoint_.compress ? Gzip(body) : std::string();
    if (!zipped.empty()) body = zipped;
    OtlpReply reply;
    const HeaderList headers = Headers(!zipped.empty());
    char reason[CURL_ERROR_SIZE] = "";
    CURL* const handle = handle_.get();
    curl_easy_reset(handle);  // the connection stays
    SetUp();
    curl_easy_setopt(handle, CURLOPT_HTTPHEADER, headers.get());
    curl_easy_setopt(handle, CURLOPT_POSTFIELDS, body.data());
    curl_easy_setopt(handle, CURLOPT_POSTFIELDSIZE, static_cast<long>(body.size()));
    curl_easy_setopt(handle, CURLOPT_WRITEFUNCTION, OnBody);
    curl_easy_setopt(handle, CURLOPT_WRITEDATA, &reply.body);
    curl_easy_setopt(handle, CURLOPT_ERRORBUFFER, reason);
    const std::optional<CURLcode> code = Perform(time_left);
    if (!code) return Unavailable("no answer comes in time");
    if (*code != CURLE_OK) return Unavailable("{}", reason[0] == '\0' ? curl_easy_strerror(*code) : reason);
    long status = 0;
    curl_off_t seconds = 0;
    curl_easy_getinfo(handle, CURLINFO_RESPONSE_CODE, &status);
    curl_easy_getinfo(handle, CURLINFO_RETRY_AFTER, &seconds);
    reply.status = static_cast<int>(status);
    if (seconds > 0) reply.retry_after = std::chrono::seconds(seconds);
    return reply;
  }

  void Hurry() override { curl_multi_wakeup(multi_.get()); }

 private:
  // Nothing when no time is left. libcurl's own way to do this cannot be woken up.
  std::optional<CURLcode> Perform(const TimeLeft& time_left) {
    CURLM* const multi = multi_.get();
    const auto leave = [multi](CURL* handle) { curl_multi_remove_handle(multi, handle); };
    if (curl_multi_add_handle(multi, handle_.get()) != CURLM_OK) return CURLE_OUT_OF_MEMORY;
    const std::unique_ptr<CURL, decltype(leave)> under_way(handle_.get(), leave);
    while (true) {
      int running = 0, messages = 0;
      if (curl_multi_perform(multi, &running) != CURLM_OK) return CURLE_OUT_OF_MEMORY;
      if (const CURLMsg* const message = curl_multi_info_read(multi, &messages)) return message->data.result;
      const auto left = time_left();
      if (left.count() == 0) return std::nullopt;
      curl_multi_poll(multi, nullptr, 0, static_cast<int>(left.count()), nullptr);
    }
  }

  HeaderList Headers(bool is_zipped) const {
    HeaderList headers;
    AddHeader(headers, "Content-Type: application/x-protobuf");
    AddHeader(headers, "Expect:");
    if (is_zipped) AddHeader(headers, "Content-Encoding: gzip");
    for (const auto& [name, value] : endpoint_.headers) AddHeader(headers, name + (value.empty() ? ";" : ": " + value));
    return headers;
  }

  void SetUp() {
    CURL* const handle = handle_.get();
    curl_easy_setopt(handle, CURLOPT_URL, endpoint_.url.c_str());
    curl_easy_setopt(handle, CURLOPT_USERAGENT, "neso");
    curl_easy_setopt(handle, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(handle, CURLOPT_NOSIGNAL, 1L);
    if (!endpoint_.authorities_file.empty()) {
      curl_easy_setopt(handle, CURLOPT_CAINFO, endpoint_.authorities_file.c_str());
    }
  }

  const OtlpEndpoint endpoint_;
  std::unique_ptr<CURLM, CloseMulti> multi_;  // it keeps the connection
  std::unique_ptr<CURL, CloseHandle> handle_;
};

}  // namespace

std::unique_ptr<OtlpConnection> MakeCurlConnection(const OtlpEndpoint& endpoint) {
  return std::make_unique<CurlConnection>(endpoint);
}

}  // namespace neso::otlp
