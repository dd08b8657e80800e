// Speaks HTTP/1.1 on one connection: reads a request, gives it to the handler, sends the answer, goes on.
//
// One request at a time: what a pipelining client sends meanwhile stays in the socket, or in `input_` if it came along.
// Confined to the connection's strand.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/memory_budget.h"
#include "net/connection.h"
#include "net/http1/http1_body.h"
#include "net/http1/http1_exchange.h"
#include "net/http1/http1_output.h"
#include "net/http1/http1_parser.h"
#include "net/transfer_pace.h"

namespace neso::net {

class Http1Session final : public Session {
 public:
  explicit Http1Session(Connection& connection);
  void OnBits(uint32_t bits, StrandTurn& turn) override;

 private:
  // kHead -> kBody -> kAnswer -> kHead ...; kAnswer -> kLinger -> kClosed; any -> kClosed.
  enum class Phase {
    kHead,  // between requests, or in a head
    kBody,
    kAnswer,  // the handler has the request, or its answer is being sent
    kLinger,  // the last answer was sent: what the client still sends is dropped, so that no reset overtakes the answer
    kClosed,
  };

  void Advance(StrandTurn& turn);
  // Look at what has come, or read once.
  void ReadHead(StrandTurn& turn);
  void ReadBody(StrandTurn& turn);
  // One read into the pieces. False when nothing came.
  bool Read(std::span<iovec> pieces, size_t* bytes, StrandTurn& turn);
  void ExamineHead(std::string_view bytes, StrandTurn& turn);
  // `error` is that of the head; `rest` came behind it.
  void StartRequest(SharedHttp1Head head, const Http1Error& error, std::string_view rest, StrandTurn& turn);
  // The connection goes on with HTTP/2; `rest` came after `head`, which is the start of its preface.
  void RefuseHead(HttpResponse refusal, bool has_body, std::string_view rest);
  void SwitchToHttp2(std::string_view head, std::string_view rest);
  // `placed` bytes are in the body already, `bytes` came behind them.
  void TakeBodyBytes(size_t placed, std::string_view bytes, StrandTurn& turn);
  void Dispatch(StrandTurn& turn);
  void Keep(std::string_view rest);

  // Sends an answer of the engine's own, then closes.
  void Refuse(Http1Error error, StrandTurn& turn);
  void SendAnswer(StrandTurn& turn);
  void SendStream(StrandTurn& turn);
  void AfterSend(StrandTurn& turn);
  void FinishAnswer(StrandTurn& turn);

  // Between requests, with nothing of one received.
  bool IsIdle() const { return phase_ == Phase::kHead && input_.empty() && !readable_; }
  void Rest(uint32_t bits, StrandTurn& turn);
  void Hurry();
  void OnDeadline(StrandTurn& turn);
  void PeerGone(StrandTurn& turn);
  void Linger();
  void DropInput(StrandTurn& turn);
  void Close(StrandTurn& turn);
  // While an answer waits for the client to read on.
  TimePoint ReadingDeadline();
  const ServiceLimits& limits() const { return connection_.context().options.limits; }
  void SetDeadline(std::chrono::milliseconds delay);
  void SetDeadline(TimePoint deadline);
  void ClearDeadline();

  Connection& connection_;
  Http1Output output_;
  Phase phase_ = Phase::kHead;
  TransferPace body_pace_;     // of the client that sends
  TransferPace reading_pace_;  // of the client that reads
  bool is_reading_ = false;    // something waits for it
  size_t taken_at_mark_ = 0;   // output_.taken_bytes() when reading_pace_ was told
  bool readable_ = false;      // the socket may have more
  size_t read_budget_ = 0;     // of this turn
  bool peer_ended_ = false;    // the client has finished sending
  bool head_begun_ = false;    // part of a head is in input_
  bool fresh_input_ = false;   // input_ has not been looked at since it came
  bool used_ = false;          // a request was answered
  bool keep_alive_ = true;     // after the current request
  bool http10_ = false;
  bool is_head_request_ = false;
  bool answer_begun_ = false;
  bool answer_complete_ = false;  // all of it is in output_ or sent
  bool has_deadline_ = false;
  AnswerFraming framing_ = AnswerFraming::kLength;
  std::string input_;         // received, not yet consumed; empty on an idle connection
  MemoryCharge head_charge_;  // of the part of a head that is in input_
  HeadScanner scanner_;
  Http1Heads heads_;
  std::optional<Http1Body> body_;  // only while a body is being received
  std::shared_ptr<Http1Exchange> exchange_;
  std::shared_ptr<Http1Exchange> gone_;  // its disconnect callback waits for the top of a network thread
  std::shared_ptr<void> release_;        // of the answer being sent
  uint64_t receive_start_ns_ = 0;
};

}  // namespace neso::net
