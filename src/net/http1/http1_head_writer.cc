#include "net/http1/http1_head_writer.h"

#include <charconv>
#include <cstring>

namespace neso::net {
namespace {

constexpr size_t kFixedBound = 192;  // status line, Content-Length, Connection and the empty line

char* Put(char* out, std::string_view text) {
  std::memcpy(out, text.data(), text.size());
  return out + text.size();
}

// A line break in a value would start a header of somebody else's making.
char* PutSafe(char* out, std::string_view text) {
  for (const char c : text) {
    const auto u = static_cast<unsigned char>(c);
    *out++ = (u < 0x20 && u != '\t') || u == 0x7f ? ' ' : c;
  }
  return out;
}

char* PutStatusLine(char* out, int status) {
  if (status == 200) return Put(out, "HTTP/1.1 200 OK\r\n");
  out = Put(out, "HTTP/1.1 ");
  out = std::to_chars(out, out + 12, status).ptr;
  *out++ = ' ';
  out = Put(out, ReasonPhrase(status));
  return Put(out, "\r\n");
}

// 1xx, 204 and 304 never have a body, and must not tell a length (RFC 9110, 8.6).
bool HasLength(int status) { return status >= 200 && status != 204 && status != 304; }

}  // namespace

std::string_view ReasonPhrase(int status) {
  switch (status) {
    case 100: return "Continue";
    case 200: return "OK";
    case 201: return "Created";
    case 202: return "Accepted";
    case 204: return "No Content";
    case 206: return "Partial Content";
    case 301: return "Moved Permanently";
    case 302: return "Found";
    case 304: return "Not Modified";
    case 307: return "Temporary Redirect";
    case 308: return "Permanent Redirect";
    case 400: return "Bad Request";
    case 401: return "Unauthorized";
    case 403: return "Forbidden";
    case 404: return "Not Found";
    case 405: return "Method Not Allowed";
    case 408: return "Request Timeout";
    case 409: return "Conflict";
    case 411: return "Length Required";
    case 413: return "Content Too Large";
    case 414: return "URI Too Long";
    case 415: return "Unsupported Media Type";
    case 417: return "Expectation Failed";
    case 429: return "Too Many Requests";
    case 431: return "Request Header Fields Too Large";
    case 499: return "Client Closed Request";
    case 500: return "Internal Server Error";
    case 501: return "Not Implemented";
    case 502: return "Bad Gateway";
    case 503: return "Service Unavailable";
    case 504: return "Gateway Timeout";
    case 505: return "HTTP Version Not Supported";
    case 507: return "Insufficient Storage";
    default: return "Unknown";
  }
}

size_t HeadBound(const HttpResponse& response) {
  size_t bound = kFixedBound;
  if (response.content_type != nullptr) bound += std::strlen(response.content_type) + 16;
  for (const auto& [name, value] : response.headers) bound += name.size() + value.size() + 4;
  return bound;
}

size_t WriteHead(const AnswerHead& head, const HttpResponse& response, size_t content_length, char* out) {
  char* const start = out;
  out = PutStatusLine(out, response.status);
  if (response.content_type != nullptr) {
    out = Put(out, "Content-Type: ");
    out = Put(out, response.content_type);
    out = Put(out, "\r\n");
  }
  for (const auto& [name, value] : response.headers) {
    out = PutSafe(out, name);
    out = Put(out, ": ");
    out = PutSafe(out, value);
    out = Put(out, "\r\n");
  }
  if (head.framing == AnswerFraming::kChunked) {
    out = Put(out, "Transfer-Encoding: chunked\r\n");
  } else if (head.framing == AnswerFraming::kLength && HasLength(response.status)) {
    out = Put(out, "Content-Length: ");
    out = std::to_chars(out, out + 24, content_length).ptr;
    out = Put(out, "\r\n");
  }
  if (head.close) {
    out = Put(out, "Connection: close\r\n");
  } else if (head.keep_alive_note) {
    out = Put(out, "Connection: keep-alive\r\n");
  }
  out = Put(out, "\r\n");
  return static_cast<size_t>(out - start);
}

}  // namespace neso::net
