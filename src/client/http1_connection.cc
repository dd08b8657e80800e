#include "client/http1_connection.h"

#include <sys/uio.h>

#include "base/check.h"
#include "client/read_scratch.h"

namespace neso::client {

using net::IoResult;

Expected<std::unique_ptr<Http1Connection>> Http1Connection::Connect(Loop& loop, const Endpoint& endpoint,
                                                                    TimePoint deadline, Listener& listener,
                                                                    size_t max_body_bytes) {
  ASSIGN_OR_RETURN(Dialled dialled, Dial(endpoint, Wire::kHttp1, deadline, loop.load()));
  return Adopt(loop, std::move(dialled), listener, max_body_bytes);
}

std::unique_ptr<Http1Connection> Http1Connection::Adopt(Loop& loop, Dialled dialled, Listener& listener,
                                                        size_t max_body_bytes) {
  std::unique_ptr<Http1Connection> connection(
      new Http1Connection(std::move(dialled.transport), listener, max_body_bytes));
  loop.Watch(dialled.fd, *connection);
  return connection;
}

void Http1Connection::Send(const Http1Request& request) {
  CHECK(is_open_ && !awaits_answer_, "a connection has one request at a time");
  awaits_answer_ = true;
  answer_.Begin(request.method);
  unsent_ = {request.head, request.body};
  Write();
}

void Http1Connection::OnEvents(bool is_ending) {
  is_ending_ |= is_ending;
  is_readable_ = true;
  if (is_open_) Write();
  if (is_open_) Read();
}

void Http1Connection::Write() {
  while (!unsent_[0].empty() || !unsent_[1].empty()) {
    std::array<iovec, 2> pieces;
    size_t count = 0;
    for (const std::string_view part : unsent_) {
      if (!part.empty()) pieces[count++] = {const_cast<char*>(part.data()), part.size()};
    }
    const IoResult result = transport_->Write({pieces.data(), count});
    // What ails the connection is seen when it is read, after an answer that says why.
    if (result.state != IoResult::State::kOk) return;
    const size_t of_head = std::min(result.bytes, unsent_[0].size());
    unsent_[0].remove_prefix(of_head);
    unsent_[1].remove_prefix(result.bytes - of_head);
  }
}

void Http1Connection::Read() {
  ReadScratch& scratch = ThreadReadScratch();
  while (is_open_ && is_readable_) {
    iovec piece{scratch.data(), scratch.size()};
    const IoResult result = transport_->Read({&piece, 1});
    is_readable_ = is_ending_ || !result.drained;
    switch (result.state) {
      case IoResult::State::kWouldBlock: return;
      case IoResult::State::kOk:
        if (!Take({scratch.data(), result.bytes})) return;
        break;
      case IoResult::State::kEnd:
      case IoResult::State::kFailed: {
        const bool is_whole = awaits_answer_ && answer_.End() == Http1AnswerReader::State::kDone;
        if (!is_whole) {
          Lose(Unavailable("the server has closed the connection{}",
                           awaits_answer_ ? " before its answer was complete" : ""));
          return;
        }
        Finish(/*keeps_connection=*/false);
        return;
      }
    }
  }
}

bool Http1Connection::Take(std::string_view bytes) {
  if (!awaits_answer_) return Lose(Unavailable("the server has sent something that nobody asked for"));
  switch (answer_.Take(bytes)) {
    case Http1AnswerReader::State::kMore: listener_.OnMore(answer_); return true;
    case Http1AnswerReader::State::kFailed: return Lose(answer_.failure());
    case Http1AnswerReader::State::kDone: break;
  }
  if (!bytes.empty()) return Lose(Unavailable("the server has sent more than its answer"));
  Finish(answer_.keeps_connection());
  return is_open_;
}

void Http1Connection::Finish(bool keeps_connection) {
  // A server may answer before it has all of a request, which it refuses, say. The next one cannot begin in the middle of
  // what it still expects, and the views end with the answer (RFC 9112, 9.3).
  const bool was_sent = unsent_[0].empty() && unsent_[1].empty();
  unsent_ = {};
  awaits_answer_ = false;
  is_open_ = keeps_connection && was_sent;
  listener_.OnAnswer(*this, answer_);
}

bool Http1Connection::Lose(const Status& reason) {
  unsent_ = {};
  is_open_ = awaits_answer_ = false;
  listener_.OnLost(*this, reason);
  return false;
}

}  // namespace neso::client
