#include "http/exchange.h"

#include <strings.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <utility>

namespace triton {
namespace client {
namespace {

using Kind = RequestTimers::Kind;

// Fewer calls for large tensors; libcurl lowers them to what it allows.
constexpr long kReceiveBuffer = 512 * 1024;
constexpr long kSendBuffer = 2 * 1024 * 1024;

}  // namespace

size_t HttpRequest::BodyByteSize() const {
  size_t byte_size = head.size();
  for (const auto& [data, size] : tail) byte_size += size;
  return byte_size;
}

Error HttpRequest::AddHeaders(const Headers& more) {
  const auto is_control = [](unsigned char c) { return (c < 0x20 && c != '\t') || c == 0x7f; };
  for (const auto& [name, value] : more) {
    const bool is_name = !name.empty() && name.find_first_of(": \t") == std::string::npos &&
                         std::none_of(name.begin(), name.end(), is_control);
    if (!is_name) return Error("header '" + name + "': expected a name without colons, blanks and line ends");
    if (std::any_of(value.begin(), value.end(), is_control))
      return Error("header '" + name + "': expected a value without line ends");
    headers.push_back(name + ": " + value);
  }
  return Error::Success;
}

Error HttpAnswer::TransportError() const {
  if (outcome == CURLE_OK) return Error::Success;
  const std::string reason = curl_easy_strerror(outcome);
  if (outcome == CURLE_OPERATION_TIMEDOUT) return Error("HTTP client failed (Deadline Exceeded): " + reason);
  return Error("HTTP client failed: " + reason);
}

Exchange::Exchange(HttpRequest request, const HttpWay& way, bool verbose)
    : request_(std::move(request)), way_(way), verbose_(verbose) {
  pieces_.emplace_back(reinterpret_cast<const uint8_t*>(request_.head.data()), request_.head.size());
  pieces_.insert(pieces_.end(), request_.tail.begin(), request_.tail.end());
  pieces_.erase(std::remove_if(pieces_.begin(), pieces_.end(), [](const auto& piece) { return piece.second == 0; }),
                pieces_.end());
  for (const std::string& header : request_.headers) {
    headers_.reset(curl_slist_append(headers_.release(), header.c_str()));
  }
}

void Exchange::Prepare(CURL* handle) {
  curl_easy_setopt(handle, CURLOPT_URL, request_.url.c_str());
  if (!way_.socket_path.empty()) curl_easy_setopt(handle, CURLOPT_UNIX_SOCKET_PATH, way_.socket_path.c_str());
  curl_easy_setopt(handle, CURLOPT_USERAGENT, "libcurl-agent/1.0");
  curl_easy_setopt(handle, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(handle, CURLOPT_TCP_NODELAY, 1L);
  curl_easy_setopt(handle, CURLOPT_BUFFERSIZE, kReceiveBuffer);
  curl_easy_setopt(handle, CURLOPT_VERBOSE, verbose_ ? 1L : 0L);
  curl_easy_setopt(handle, CURLOPT_HTTPHEADER, headers_.get());
  curl_easy_setopt(handle, CURLOPT_WRITEFUNCTION, &Exchange::OnReceive);
  curl_easy_setopt(handle, CURLOPT_WRITEDATA, this);
  curl_easy_setopt(handle, CURLOPT_HEADERFUNCTION, &Exchange::OnHeader);
  curl_easy_setopt(handle, CURLOPT_HEADERDATA, this);
  curl_easy_setopt(handle, CURLOPT_ACCEPT_ENCODING, request_.accepted_coding);
  // Rounded up: the shortest timeout is one, too.
  const uint64_t timeout_ms = request_.timeout_us / 1000 + (request_.timeout_us % 1000 != 0 ? 1 : 0);
  curl_easy_setopt(handle, CURLOPT_TIMEOUT_MS, static_cast<long>(timeout_ms));
  PrepareTls(handle);
  if (request_.post) PrepareBody(handle);
}

void Exchange::PrepareBody(CURL* handle) {
  curl_easy_setopt(handle, CURLOPT_POST, 1L);
  curl_easy_setopt(handle, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request_.BodyByteSize()));
  curl_easy_setopt(handle, CURLOPT_UPLOAD_BUFFERSIZE, kSendBuffer);
  curl_easy_setopt(handle, CURLOPT_READFUNCTION, &Exchange::OnSend);
  curl_easy_setopt(handle, CURLOPT_READDATA, this);
  // A kept connection that the server has closed: the body goes out once more, on another.
  curl_easy_setopt(handle, CURLOPT_SEEKFUNCTION, &Exchange::OnRewind);
  curl_easy_setopt(handle, CURLOPT_SEEKDATA, this);
}

void Exchange::PrepareTls(CURL* handle) {
  curl_easy_setopt(handle, CURLOPT_SSL_VERIFYPEER, way_.ssl.verify_peer);
  curl_easy_setopt(handle, CURLOPT_SSL_VERIFYHOST, way_.ssl.verify_host);
  if (!way_.ssl.ca_info.empty()) curl_easy_setopt(handle, CURLOPT_CAINFO, way_.ssl.ca_info.c_str());
  if (!way_.ssl.cert.empty()) {
    curl_easy_setopt(handle, CURLOPT_SSLCERTTYPE, way_.ssl.cert_type == HttpSslOptions::CERT_DER ? "DER" : "PEM");
    curl_easy_setopt(handle, CURLOPT_SSLCERT, way_.ssl.cert.c_str());
  }
  if (!way_.ssl.key.empty()) {
    curl_easy_setopt(handle, CURLOPT_SSLKEYTYPE, way_.ssl.key_type == HttpSslOptions::KEY_DER ? "DER" : "PEM");
    curl_easy_setopt(handle, CURLOPT_SSLKEY, way_.ssl.key.c_str());
  }
}

void Exchange::Complete(CURL* handle, CURLcode outcome) {
  answer_.outcome = outcome;
  curl_easy_getinfo(handle, CURLINFO_RESPONSE_CODE, &answer_.status);
  // A server may answer before it has all of a request, which it refuses, say; or before a body has begun.
  for (const Kind kind : {Kind::SEND_START, Kind::SEND_END}) {
    if (timers_.Timestamp(kind) == 0) timers_.CaptureTimestamp(kind);
  }
  timers_.CaptureTimestamp(Kind::RECV_END);
}

size_t Exchange::Send(char* buffer, size_t room) {
  if (timers_.Timestamp(Kind::SEND_START) == 0) timers_.CaptureTimestamp(Kind::SEND_START);
  size_t sent = 0;
  while (sent < room && piece_ < pieces_.size()) {
    const auto& [data, size] = pieces_[piece_];
    const size_t part = std::min(room - sent, size - offset_);
    std::memcpy(buffer + sent, data + offset_, part);
    sent += part;
    offset_ += part;
    if (offset_ == size) ++piece_, offset_ = 0;
  }
  if (piece_ == pieces_.size()) timers_.CaptureTimestamp(Kind::SEND_END);
  return sent;
}

size_t Exchange::OnSend(char* buffer, size_t size, size_t count, void* self) {
  return static_cast<Exchange*>(self)->Send(buffer, size * count);
}

int Exchange::OnRewind(void* self, curl_off_t offset, int origin) {
  if (offset != 0 || origin != SEEK_SET) return CURL_SEEKFUNC_CANTSEEK;
  auto* exchange = static_cast<Exchange*>(self);
  exchange->piece_ = exchange->offset_ = 0;
  return CURL_SEEKFUNC_OK;
}

size_t Exchange::OnReceive(char* data, size_t size, size_t count, void* self) {
  static_cast<Exchange*>(self)->answer_.body.append(data, size * count);
  return size * count;
}

size_t Exchange::OnHeader(char* data, size_t size, size_t count, void* self) {
  auto* exchange = static_cast<Exchange*>(self);
  HttpAnswer& answer = exchange->answer_;
  if (exchange->timers_.Timestamp(Kind::RECV_START) == 0) exchange->timers_.CaptureTimestamp(Kind::RECV_START);
  const std::string line(data, size * count);
  const size_t colon = line.find(':');
  if (colon == std::string::npos) return size * count;
  const std::string name = line.substr(0, colon);
  const unsigned long number = std::strtoul(line.c_str() + colon + 1, nullptr, 10);
  if (strcasecmp(name.c_str(), kInferHeaderContentLengthHTTPHeader) == 0) answer.json_byte_size = number;
  // What is announced is only a hint.
  if (strcasecmp(name.c_str(), "Content-Length") == 0) answer.body.reserve(std::min(number, 64UL * 1024 * 1024));
  return size * count;
}

}  // namespace client
}  // namespace triton
