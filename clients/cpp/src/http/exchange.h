// One HTTP request and its answer, moved by libcurl.
#pragma once

#include <curl/curl.h>

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "common.h"
#include "http_client.h"

namespace triton {
namespace client {

// How a server is reached, beside its URL.
struct HttpWay {
  HttpSslOptions ssl;
  std::string socket_path;  // of a Unix-domain socket; empty: by the URL's host and port
};

struct HttpRequest {
  std::string url;
  bool post = false;
  std::vector<std::string> headers;  // "Name: value"
  std::string head;                  // the body is this ...
  InferInput::Pieces tail;           // ... and these, which are somebody else's
  const char* accepted_coding = nullptr;
  uint64_t timeout_us = 0;  // 0: none

  size_t BodyByteSize() const;
  // Error: a name or a value that would end its line, or a name that is none.
  Error AddHeaders(const Headers& more);
};

struct HttpAnswer {
  CURLcode outcome = CURLE_OK;
  long status = 0;
  size_t json_byte_size = 0;  // what the answer's Inference-Header-Content-Length says; 0: the body is JSON
  std::string body;

  // Why nothing came, in the words for a caller that waits.
  Error TransportError() const;
};

// Stays where it is while libcurl works on it.
class Exchange {
 public:
  Exchange(HttpRequest request, const HttpWay& way, bool verbose);
  Exchange(const Exchange&) = delete;

  // Prepares a handle, which was reset or is new, for this request. It must be performed before this object goes.
  void Prepare(CURL* handle);
  // To be called when the transfer is done.
  void Complete(CURL* handle, CURLcode outcome);

  HttpAnswer& answer() { return answer_; }
  RequestTimers& timers() { return timers_; }

 private:
  static size_t OnSend(char* buffer, size_t size, size_t count, void* self);
  static int OnRewind(void* self, curl_off_t offset, int origin);
  static size_t OnReceive(char* data, size_t size, size_t count, void* self);
  static size_t OnHeader(char* data, size_t size, size_t count, void* self);

  void PrepareBody(CURL* handle);
  void PrepareTls(CURL* handle);
  size_t Send(char* buffer, size_t room);

  struct FreeList {
    void operator()(curl_slist* list) const { curl_slist_free_all(list); }
  };

  const HttpRequest request_;
  const HttpWay way_;
  const bool verbose_;
  std::unique_ptr<curl_slist, FreeList> headers_;
  InferInput::Pieces pieces_;  // the body; none is empty
  size_t piece_ = 0;           // how far it has been sent
  size_t offset_ = 0;
  HttpAnswer answer_;
  RequestTimers timers_;
};

}  // namespace client
}  // namespace triton
