#include "net/http1/http1_output.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>
#include <utility>

#include "base/check.h"
#include "net/http1/http1_head_writer.h"

namespace neso::net {
namespace {

// Answers up to this size are gathered and sent as one piece: cheaper than a vector of pieces, and no memory is taken.
constexpr size_t kGatherBytes = 4096;
constexpr size_t kPiecesPerWrite = 64;
constexpr size_t kDirectPieces = 16;

bool MayHaveBody(int status) { return status >= 200 && status != 204 && status != 304; }

// "1f4\r\n" into `out`, which has room for 24 characters.
size_t ChunkSizeLine(size_t size, char* out) {
  char* end = std::to_chars(out, out + 16, size, 16).ptr;
  *end++ = '\r';
  *end++ = '\n';
  return static_cast<size_t>(end - out);
}

}  // namespace

void Http1Output::Send(const AnswerHead& head, HttpResponse&& response) {
  size_t payload = response.body.size();
  for (const BodyPart& part : response.parts) payload += part.size;
  const bool send_body = !head.no_body && MayHaveBody(response.status);
  const size_t bound = HeadBound(response);
  if (bound + (send_body ? payload : 0) <= kGatherBytes) {
    std::array<char, kGatherBytes> bytes;
    size_t size = WriteHead(head, response, payload, bytes.data());
    if (send_body) {
      const auto put = [&](const char* data, size_t count) {
        if (count > 0) std::memcpy(bytes.data() + size, data, count);
        size += count;
      };
      put(response.body.data(), response.body.size());
      for (const BodyPart& part : response.parts) put(part.data, part.size);
    }
    SendNow({bytes.data(), size});
    return;
  }
  SendLarge(head, std::move(response), payload, send_body);
}

void Http1Output::SendLarge(const AnswerHead& head, HttpResponse&& response, size_t payload, bool send_body) {
  std::array<char, 1024> short_head;
  std::string long_head;
  const size_t bound = HeadBound(response);
  if (bound > short_head.size()) long_head.resize(bound);
  char* const text = bound > short_head.size() ? long_head.data() : short_head.data();
  const std::string_view head_text(text, WriteHead(head, response, payload, text));
  if (!send_body) return SendNow(head_text);

  // Most answers go at once: only what the socket does not take is given a place.
  size_t sent = 0;
  std::array<std::string_view, kDirectPieces> direct;
  if (!pending_ && response.parts.size() + 2 <= direct.size()) {
    size_t count = 0;
    direct[count++] = head_text;
    direct[count++] = response.body;
    for (const BodyPart& part : response.parts) direct[count++] = {part.data, part.size};
    sent = SendDirectly({direct.data(), count});
  }
  const auto rest_of = [&](size_t size) {
    const size_t skipped = std::min(sent, size);
    sent -= skipped;
    return skipped;
  };
  if (const size_t skip = rest_of(head_text.size()); skip < head_text.size())
    Append(std::string(head_text.substr(skip)));
  const size_t body_skip = rest_of(response.body.size());
  Append(std::move(response.body), body_skip);
  for (const BodyPart& part : response.parts) {
    const size_t skip = rest_of(part.size);
    Append(BodyPart{part.data + skip, part.size - skip});
  }
  Flush();  // only a write that would block promises an event
}

size_t Http1Output::SendDirectly(std::span<const std::string_view> pieces) {
  std::array<iovec, kDirectPieces> vector;
  size_t count = 0;
  for (const std::string_view piece : pieces) {
    if (!piece.empty()) vector[count++] = {const_cast<char*>(piece.data()), piece.size()};
  }
  const IoResult result = transport_.Write({vector.data(), count});
  if (result.state == IoResult::State::kFailed || result.state == IoResult::State::kEnd) failed_ = true;
  return result.bytes;
}

void Http1Output::SendText(std::string_view text) { SendNow(text); }

void Http1Output::SendChunk(AnswerFraming framing, std::string&& chunk) {
  if (chunk.empty()) return;  // an empty chunk would end the stream
  if (framing != AnswerFraming::kChunked) {
    Append(std::move(chunk));
    return Flush();
  }
  if (chunk.size() + 32 <= kGatherBytes) {
    std::array<char, kGatherBytes> bytes;
    size_t size = ChunkSizeLine(chunk.size(), bytes.data());
    std::memcpy(bytes.data() + size, chunk.data(), chunk.size());
    size += chunk.size();
    std::memcpy(bytes.data() + size, "\r\n", 2);
    return SendNow({bytes.data(), size + 2});
  }
  std::array<char, 24> line;
  Append(std::string(line.data(), ChunkSizeLine(chunk.size(), line.data())));
  Append(std::move(chunk));
  Append(std::string("\r\n"));
  Flush();
}

void Http1Output::SendEnd(AnswerFraming framing) {
  if (framing == AnswerFraming::kChunked) SendNow("0\r\n\r\n");
}

void Http1Output::SendNow(std::string_view bytes) {
  while (!pending_ && !failed_ && !bytes.empty()) {
    iovec piece{const_cast<char*>(bytes.data()), bytes.size()};
    const IoResult result = transport_.Write({&piece, 1});
    if (result.state == IoResult::State::kWouldBlock) break;
    if (result.state != IoResult::State::kOk) failed_ = true;
    bytes.remove_prefix(result.bytes);
  }
  if (!bytes.empty()) Append(std::string(bytes));
}

void Http1Output::Append(std::string&& owned, size_t skip) {
  if (failed_ || owned.size() == skip) return;
  if (!pending_) pending_ = std::make_unique<Pending>();
  if (pending_->pieces.empty()) {
    pending_->offset = skip;
  } else {
    CHECK(skip == 0, "only the first piece that waits may have been sent in part");
  }
  const size_t size = owned.size();
  pending_->bytes += size - skip;
  pending_->pieces.push_back({std::move(owned), nullptr, size, MemoryCharge(size)});
}

void Http1Output::Append(BodyPart part) {
  if (failed_ || part.size == 0) return;
  if (!pending_) pending_ = std::make_unique<Pending>();
  pending_->bytes += part.size;
  pending_->pieces.push_back({{}, part.data, part.size});
}

void Http1Output::Flush() {
  while (pending_ && !failed_) {
    std::array<iovec, kPiecesPerWrite> vector;
    size_t count = 0;
    size_t offset = pending_->offset;
    for (size_t i = pending_->first; i < pending_->pieces.size() && count < vector.size(); i++) {
      const Piece& piece = pending_->pieces[i];
      vector[count++] = {const_cast<char*>(piece.data()) + offset, piece.size - offset};
      offset = 0;
    }
    const IoResult result = transport_.Write({vector.data(), count});
    if (result.state == IoResult::State::kWouldBlock) return;
    if (result.state != IoResult::State::kOk) {
      failed_ = true;
      break;
    }
    pending_->bytes -= result.bytes;
    taken_bytes_ += result.bytes;
    size_t sent = result.bytes + pending_->offset;
    while (pending_->first < pending_->pieces.size() && sent >= pending_->pieces[pending_->first].size) {
      sent -= pending_->pieces[pending_->first].size;
      pending_->pieces[pending_->first++] = {};  // a long stream gives its memory back as it goes
    }
    pending_->offset = sent;
    if (pending_->first == pending_->pieces.size()) {
      pending_.reset();
    } else if (pending_->first >= kPiecesPerWrite) {
      pending_->pieces.erase(pending_->pieces.begin(),
                             pending_->pieces.begin() + static_cast<std::ptrdiff_t>(pending_->first));
      pending_->first = 0;
    }
  }
  if (failed_) pending_.reset();
}

}  // namespace neso::net
