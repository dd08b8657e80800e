// One stream of an HTTP/2 connection, as its session sees it: the request comes in, the answer waits here to be framed.
//
// Confined to the strand, except where said. A stream keeps its connection, and so its session, alive.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "net/connection.h"
#include "net/http2/http2_outgoing.h"
#include "net/http2/posted_streams.h"
#include "net/read_room.h"
#include "net/unread_meter.h"

namespace neso::net {

class Http2Session;

class Http2Stream : public TopWork, public std::enable_shared_from_this<Http2Stream> {
 public:
  // `head_bytes` of its head are in the connection's account, and leave it with the stream.
  Http2Stream(Http2Session& session, int32_t id, size_t head_bytes);
  ~Http2Stream() override;
  Http2Stream(const Http2Stream&) = delete;
  Http2Stream& operator=(const Http2Stream&) = delete;

  // --- For the session: the request. ---
  // The head is there.
  virtual void OnStart() = 0;
  virtual void OnData(std::string_view bytes) = 0;
  virtual void OnRequestEnd() = 0;
  // Where the next bytes of data belong; empty when that is not known.
  virtual ReadRoom Direct() = 0;
  // What was asked for with AddDue or AddRequest will run now.
  virtual void OnHandOver(int /*what*/) noexcept {}
  // --- The answer. ---
  // Wake() was called.
  virtual void OnAnswer() = 0;
  // All data was framed. True when it has submitted trailers, which then end the stream.
  virtual bool SubmitTrailers() = 0;
  // --- The end. ---
  virtual void OnDeadline() = 0;
  // Nothing more can be received or sent.
  virtual void OnClose() = 0;

  int32_t id() const { return id_; }
  TimePoint deadline() const { return deadline_; }
  bool closed() const { return closed_; }
  void Close();
  void ClearPosted() { posted_.store(false, std::memory_order_release); }
  PostedStreams::Link& posted_link() { return posted_link_; }

  // How much of up to `size` bytes can be framed now, as nghttp2's read callback tells it. A few are copied to `buffer`
  // at once, for others MoveData follows.
  ssize_t PrepareData(uint8_t* buffer, size_t size, uint32_t* flags);
  void MoveData(size_t size, Http2Output& output);

  // How much of a body or message is here that has not come whole, or waits for its turn. False if this is too much
  // beside what the connection's other streams have.
  bool HoldUnfinished(size_t bytes);

  // The session's notes.
  bool request_ends = false;  // with the frame that is coming, or it has: the client needs no window any more
  bool request_ended = false;
  std::optional<uint64_t> body_left;  // of the content-length that the request announced
  std::optional<int> parked_work;     // what waits for the client to read

 protected:
  static constexpr TimePoint kNever = TimePoint::max();

  Http2Session& session() { return session_; }
  Connection& connection() { return *connection_; }
  ServerContext& context() const { return connection_->context(); }
  const ServiceLimits& service_limits() const { return context().options.limits; }
  void SetDeadline(TimePoint deadline);
  // Queues data to be framed; the end of the data. Resume() then.
  void Push(Http2Piece piece) { data_.Push(std::move(piece)); }
  // The same for several, none of them empty.
  void PushAll(Http2Pieces pieces) { data_.PushAll(std::move(pieces)); }
  void PushEnd() { data_.PushEnd(); }
  void DropData();
  void Resume();
  bool HasData() const { return data_.bytes() > 0; }

  // Any thread: OnAnswer is called in the strand.
  void Wake() noexcept;
  // Of the answer, what is not framed. Any thread: the subclass adds what it queues, before Push.
  UnreadMeter& unread() { return unread_; }

 private:
  // So much of the data was framed.
  void NoteFramed(size_t bytes);

  const std::shared_ptr<Connection> connection_;
  Http2Session& session_;
  const int32_t id_;
  const size_t head_bytes_;
  size_t unfinished_ = 0;
  UnreadMeter unread_;
  std::atomic<bool> posted_{false};
  PostedStreams::Link posted_link_;  // of whoever set posted_, then of the strand until it clears it
  bool closed_ = false;
  TimePoint deadline_ = kNever;
  Http2Outgoing data_;
};

}  // namespace neso::net
