// Speaks HTTP/2 on one connection: nghttp2 checks and writes the frames, streams make requests and answers of them.
//
// Confined to the connection's strand, except Post. Requests of content type "application/grpc" become calls of the
// server's GrpcHandler if it has one, all others exchanges of its HttpHandler.
#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/block_cache.h"
#include "net/connection.h"
#include "net/http2/http2_frame_tracker.h"
#include "net/http2/http2_guard.h"
#include "net/http2/http2_head.h"
#include "net/http2/http2_keep_alive.h"
#include "net/http2/http2_output.h"
#include "net/http2/http2_stream.h"
#include "net/http2/http2_stream_order.h"
#include "net/http2/http2_stream_table.h"
#include "net/http2/posted_streams.h"
#include "net/transfer_pace.h"
#include "net/unread_meter.h"

struct nghttp2_session;

namespace neso::net {

class Http2Fields;
class Http2Gather;

class Http2Session final : public Session {
 public:
  explicit Http2Session(Connection& connection);
  ~Http2Session() override;

  void OnBits(uint32_t bits, StrandTurn& turn) override;
  // Bytes that were read before this session was chosen.
  void TakeOver(std::string received) { received_ = std::move(received); }

  // --- For streams, in the strand. ---
  Connection& connection() { return connection_; }
  // Calls stream->RunAtTop(what) at the top of a network thread, soon, and OnHandOver(what) before the strand is left
  // for it. The work ends with context().EndCall().
  void AddDue(std::shared_ptr<Http2Stream> stream, int what);
  // The same for what makes more answers: it waits while the client leaves too much unread.
  void AddRequest(Http2Stream& stream, int what);
  // --- Frames. What cannot be sent resets its stream; without memory the connection ends.
  void SubmitHead(int32_t stream, const Http2Fields& fields, bool has_data);
  void SubmitInterim(int32_t stream, const Http2Fields& fields);
  void SubmitTrailers(int32_t stream, const Http2Fields& fields);
  // There is data again.
  void Resume(int32_t stream);
  // The client may send `bytes` more: on other streams, and on this one.
  void ConsumeForConnection(size_t bytes) { consumed_ += bytes; }
  void ConsumeForStream(const Http2Stream& stream, size_t bytes);
  void Reset(int32_t stream, uint32_t error);
  void NoteStreamDeadline(TimePoint deadline);
  void NoteFramed(size_t bytes) { framed_bytes_ += bytes; }
  // Lets go of it when the strand is left.
  void Drop(std::shared_ptr<void> reference);

  // --- Any thread. ---
  // Its OnAnswer is called in the strand, which the caller enters with kAnswer then.
  void Post(std::shared_ptr<Http2Stream> stream) { posted_.Push(std::move(stream)); }
  bool HasSeveralStreams() const { return live_streams_.load(std::memory_order_relaxed) > 1; }
  void NoteLiveStream(int change) { live_streams_.fetch_add(change, std::memory_order_relaxed); }

 private:
  friend struct Http2Callbacks;

  // Of the end that leaves open streams their time: kNo -> kAnnounced -> kFinal, kNo -> kFinal.
  enum class End {
    kNo,
    kAnnounced,  // by a GOAWAY that refuses nothing; the answer to a ping tells that the client has seen it (RFC
                 // 9113, 6.8)
    kFinal,      // new streams are refused
  };

  // kOpen -> kLinger -> kClosed, kOpen -> kClosed.
  enum class Phase {
    kOpen,
    kLinger,  // all is sent: what the client still sends is dropped, so that no reset overtakes the last frames
    kClosed,
  };

  void Read();
  void ReadOnce(size_t* budget);
  void Feed(std::string_view bytes);
  void Receive(std::string_view bytes);
  void FeedGathered(Http2Gather& gather, size_t bytes);
  bool IsAsGuessed(bool is_payload, int32_t id, std::string_view piece);
  void TakeAnswers();
  void Send();
  void Unpark();
  void HandOver();
  // Looks at what nghttp2 said to something asked of it, for `stream` if there is one.
  void Check(int result, int32_t stream = 0);
  const ServiceLimits& limits() const { return connection_.context().options.limits; }

  void Settle();
  // The server drains: what waits for the client waits no longer than for a quick one.
  void Hurry();
  void Watch();
  void OnDeadline();
  void KeepAlive(TimePoint now);
  void OnPing(bool is_answer, std::span<const uint8_t, 8> payload);
  void OnControlFrame();
  // No new streams: says so, gives the client a round trip to hear of it, and ends when all streams have. `reason`
  // lives as long as the program.
  void BeginEnd(std::string_view reason);
  void RefuseStreams();
  // Ends the connection with GOAWAY and what went wrong.
  void Terminate(uint32_t error, std::string_view reason = {});
  void Linger();
  void Close();

  Http2Stream* Find(int32_t id) { return streams_.Find(id); }
  void StartStream(int32_t id);
  // A request that is not what HTTP/2 asks for ends, and nothing else (RFC 9113, 8.1.1).
  void RefuseMalformed(int32_t id);
  void EndRequest(Http2Stream& stream);
  void CloseStream(int32_t id);
  void CloseStreams();

  Connection& connection_;
  nghttp2_session* raw_ = nullptr;
  StrandTurn* turn_ = nullptr;  // only within OnBits
  Phase phase_ = Phase::kOpen;
  bool readable_ = false;
  bool peer_ended_ = false;
  bool greeted_ = false;           // the client's first SETTINGS came
  bool in_headers_ = false;        // a block of headers is under way
  bool has_bad_trailers_ = false;  // of that block
  End end_ = End::kNo;
  std::string_view end_reason_;
  bool terminated_ = false;
  bool is_out_of_memory_ = false;
  std::string received_;
  Http2FrameTracker tracker_;
  Http2StreamOrder order_;
  Http2Guard guard_;
  std::optional<Http2KeepAlive> keep_alive_;  // of gRPC only
  Http2HeadCollector collector_;
  Http2Output output_;
  Http2StreamTable<Http2Stream> streams_;
  ClientAccount& account_;  // the connection's
  PushBack push_back_{account_};
  struct Due {
    std::shared_ptr<Http2Stream> stream;
    int what;
  };
  std::vector<Due> due_;
  std::deque<int32_t> parked_;  // streams with requests that wait; some may have ended since

  // Time limits; kNever if there is none.
  TimePoint head_deadline_;      // greeting, or a block of headers
  TimePoint progress_deadline_;  // while something waits for the client to read
  TimePoint idle_deadline_;
  TimePoint end_deadline_;     // while the end is announced
  TimePoint stream_deadline_;  // not after the earliest of a stream
  TimePoint watched_;          // what the connection was told
  TransferPace reading_pace_;  // of the client, while progress_deadline_ is set
  size_t framed_bytes_ = 0;    // of answers, ever
  size_t consumed_ = 0;        // what nghttp2 was not told of yet
  size_t read_at_mark_ = 0;    // what had left for the client when reading_pace_ was told

  std::atomic<int> live_streams_{0};
  PostedStreams posted_;
};

}  // namespace neso::net
