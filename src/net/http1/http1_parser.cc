#include "net/http1/http1_parser.h"

#include <array>
#include <cstring>

#include "base/text.h"

namespace neso::net {
namespace {

constexpr size_t kMaxChunkOverhead = 64 * 1024;  // extensions and trailers of a body

constexpr std::array<bool, 256> MakeTokenTable() {
  std::array<bool, 256> table{};
  for (int c = '0'; c <= '9'; c++) table[static_cast<size_t>(c)] = true;
  for (int c = 'a'; c <= 'z'; c++) table[static_cast<size_t>(c)] = true;
  for (int c = 'A'; c <= 'Z'; c++) table[static_cast<size_t>(c)] = true;
  for (const unsigned char c : {'!', '#', '$', '%', '&', '\'', '*', '+', '-', '.', '^', '_', '`', '|', '~'}) {
    table[static_cast<size_t>(c)] = true;
  }
  return table;
}
constexpr std::array<bool, 256> kToken = MakeTokenTable();

bool IsToken(std::string_view text) {
  bool good = !text.empty();
  for (const char c : text) good &= kToken[static_cast<unsigned char>(c)];
  return good;
}

// Visible characters, blanks, tabs and bytes above ASCII.
bool IsFieldValue(std::string_view text) {
  bool bad = false;
  for (const char c : text) {
    const auto u = static_cast<unsigned char>(c);
    bad |= (u < 0x20 && u != '\t') || u == 0x7f;
  }
  return !bad;
}

bool IsTarget(std::string_view text) {
  bool bad = text.empty();
  for (const char c : text) {
    const auto u = static_cast<unsigned char>(c);
    bad |= u <= 0x20 || u == 0x7f;
  }
  return !bad;
}

std::string_view Trim(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

// Whether the comma-separated `list` has `item`.
bool ListHas(std::string_view list, std::string_view item) {
  while (!list.empty()) {
    const size_t comma = list.find(',');
    if (EqualsIgnoreCaseAscii(Trim(list.substr(0, comma)), item)) return true;
    list.remove_prefix(comma == std::string_view::npos ? list.size() : comma + 1);
  }
  return false;
}

// Takes the next line, without its CR LF, which the scanner has found at the end of every line.
std::string_view TakeLine(std::string_view& head) {
  const char* end = static_cast<const char*>(std::memchr(head.data(), '\n', head.size()));
  const auto length = static_cast<size_t>(end - head.data());
  const std::string_view line = head.substr(0, length - 1);
  head.remove_prefix(length + 1);
  return line;
}

Http1Error SplitTarget(std::string_view target, HttpHead* out) {
  if (!IsTarget(target)) return {400, "malformed request target"};
  if (target.front() != '/' && target != "*") {
    // RFC 9112, 3.2.2: servers must accept the absolute form.
    const size_t scheme_end = target.find("://");
    if (scheme_end == std::string_view::npos) return {400, "malformed request target"};
    const std::string_view scheme = target.substr(0, scheme_end);
    if (!EqualsIgnoreCaseAscii(scheme, "http") && !EqualsIgnoreCaseAscii(scheme, "https"))
      return {400, "malformed request target"};
    target.remove_prefix(scheme_end + 3);
    const size_t path = target.find_first_of("/?");
    target = path == std::string_view::npos ? std::string_view("/") : target.substr(path);
  }
  const size_t question = target.find('?');
  out->path = target.substr(0, question);
  if (out->path.empty()) out->path = "/";
  if (question != std::string_view::npos) out->query = target.substr(question + 1);
  return {};
}

Http1Error ParseRequestLine(std::string_view line, HttpHead* out) {
  const size_t first = line.find(' ');
  const size_t last = line.rfind(' ');
  if (first == std::string_view::npos || first == last) return {400, "malformed request line"};
  out->method = line.substr(0, first);
  if (!IsToken(out->method)) return {400, "malformed request method"};
  const std::string_view version = line.substr(last + 1);
  const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
  if (version.size() != 8 || !version.starts_with("HTTP/") || version[6] != '.' || !is_digit(version[5]) ||
      !is_digit(version[7])) {
    return {400, "malformed request line"};
  }
  out->version_major = version[5] - '0';
  out->version_minor = version[7] - '0';
  if (out->version_major != 1 || out->version_minor > 1) return {505, "HTTP version not supported"};
  return SplitTarget(line.substr(first + 1, last - first - 1), out);
}

Http1Error ParseLength(std::string_view value, RequestFraming* framing) {
  if (framing->has_length) return {400, "more than one Content-Length"};
  if (value.empty() || value.size() > 18) return {400, "malformed Content-Length"};
  uint64_t length = 0;
  for (const char c : value) {
    if (c < '0' || c > '9') return {400, "malformed Content-Length"};
    length = length * 10 + static_cast<uint64_t>(c - '0');
  }
  framing->has_length = true;
  framing->length = length;
  return {};
}

// What the engine itself must know of a header. Looks at the length of the name first: most headers end there.
Http1Error Interpret(std::string_view name, std::string_view value, int version_minor, RequestFraming* framing,
                     bool* has_host) {
  switch (name.size()) {
    case 4:
      if (EqualsIgnoreCaseAscii(name, "host")) {
        if (*has_host) return {400, "more than one Host"};
        *has_host = true;
      }
      break;
    case 6:
      if (EqualsIgnoreCaseAscii(name, "expect") && version_minor > 0) {
        if (!EqualsIgnoreCaseAscii(value, "100-continue")) return {417, "unknown expectation"};
        framing->expect_continue = true;
      }
      break;
    case 10:
      if (EqualsIgnoreCaseAscii(name, "connection")) {
        if (ListHas(value, "close")) {
          framing->keep_alive = false;
        } else if (version_minor == 0 && ListHas(value, "keep-alive")) {
          framing->keep_alive = true;
        }
      }
      break;
    case 14:
      if (EqualsIgnoreCaseAscii(name, "content-length")) return ParseLength(value, framing);
      break;
    case 17:
      if (EqualsIgnoreCaseAscii(name, "transfer-encoding")) {
        if (version_minor == 0) return {400, "Transfer-Encoding in HTTP/1.0"};
        if (framing->chunked) return {400, "more than one Transfer-Encoding"};
        if (!EqualsIgnoreCaseAscii(value, "chunked")) return {501, "unsupported Transfer-Encoding"};
        framing->chunked = true;
      }
      break;
    default: break;
  }
  return {};
}

}  // namespace

HeadScanner::Result HeadScanner::Scan(std::string_view bytes) {
  while (scanned_ < bytes.size()) {
    const void* found = std::memchr(bytes.data() + scanned_, '\n', bytes.size() - scanned_);
    if (found == nullptr) {
      scanned_ = bytes.size();
      return kIncomplete;
    }
    const auto at = static_cast<size_t>(static_cast<const char*>(found) - bytes.data());
    if (at == line_start_ || bytes[at - 1] != '\r') return kBadLine;
    scanned_ = at + 1;
    if (at == line_start_ + 1) {
      head_bytes_ = scanned_;
      return kComplete;
    }
    line_start_ = scanned_;
    lines_++;
  }
  return kIncomplete;
}

Http1Error ParseHead(std::string_view head, HttpHead* out, RequestFraming* framing) {
  if (const Http1Error error = ParseRequestLine(TakeLine(head), out)) return error;
  framing->keep_alive = out->version_minor > 0;
  bool has_host = false;
  for (std::string_view line = TakeLine(head); !line.empty(); line = TakeLine(head)) {
    if (out->headers.size() == kMaxHeaders) return {431, "too many header fields"};
    const size_t colon = line.find(':');
    // A line that starts with a blank (obsolete folding) and a blank before the colon have no token there.
    if (colon == std::string_view::npos || !IsToken(line.substr(0, colon))) return {400, "malformed header field"};
    const std::string_view name = line.substr(0, colon);
    const std::string_view value = Trim(line.substr(colon + 1));
    if (!IsFieldValue(value)) return {400, "malformed header field"};
    if (const Http1Error error = Interpret(name, value, out->version_minor, framing, &has_host)) return error;
    out->headers.emplace_back(name, value);
  }
  if (framing->chunked && framing->has_length) return {400, "both Content-Length and Transfer-Encoding"};
  return {};
}

std::string_view ChunkDecoder::Next(std::string_view& input) {
  while (!input.empty() && state_ != State::kDone && !error_) {
    if (state_ == State::kData) {
      const std::string_view data = input.substr(0, left_);
      input.remove_prefix(data.size());
      left_ -= data.size();
      if (left_ == 0) state_ = State::kDataCr;
      return data;
    }
    const char c = input.front();
    input.remove_prefix(1);
    Step(c);
  }
  return {};
}

void ChunkDecoder::Step(char c) {
  const auto expect = [&](char wanted, State next) {
    if (c != wanted) return Fail("malformed chunk");
    state_ = next;
  };
  switch (state_) {
    case State::kSize: {
      const int digit = c >= '0' && c <= '9'   ? c - '0'
                        : c >= 'a' && c <= 'f' ? c - 'a' + 10
                        : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                               : -1;
      if (digit >= 0) {
        if (++digits_ > 15) return Fail("chunk too large");
        left_ = left_ * 16 + static_cast<uint64_t>(digit);
        return;
      }
      if (digits_ == 0) return Fail("malformed chunk size");
      if (c == '\r') {
        state_ = State::kSizeLf;
      } else if (c == ';' || c == ' ' || c == '\t') {
        state_ = State::kExtension;
      } else {
        Fail("malformed chunk size");
      }
      return;
    }
    case State::kExtension:
      if (c == '\n' || ++overhead_ > kMaxChunkOverhead) return Fail("malformed chunk extension");
      if (c == '\r') state_ = State::kSizeLf;
      return;
    case State::kSizeLf:
      expect('\n', left_ == 0 ? State::kTrailer : State::kData);
      digits_ = 0;
      if (left_ > 0 && ++chunks_ > max_chunks_) Fail("too many chunks");
      return;
    case State::kDataCr: return expect('\r', State::kDataLf);
    case State::kDataLf: return expect('\n', State::kSize);
    case State::kTrailer:
      state_ = c == '\r' ? State::kEndLf : State::kTrailerLine;
      if (c == '\n' || ++overhead_ > kMaxChunkOverhead) Fail("malformed trailer");
      return;
    case State::kTrailerLine:
      if (c == '\n' || ++overhead_ > kMaxChunkOverhead) return Fail("malformed trailer");
      if (c == '\r') state_ = State::kTrailerLf;
      return;
    case State::kTrailerLf: return expect('\n', State::kTrailer);
    case State::kEndLf: return expect('\n', State::kDone);
    case State::kData:
    case State::kDone: return;
  }
}

}  // namespace neso::net
