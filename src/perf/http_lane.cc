#include "perf/http_lane.h"

#include <fmt/format.h>

#include <utility>

namespace neso::perf {

Status HttpLane::Connect() {
  const TimePoint deadline = std::chrono::steady_clock::now() + kUsualPatience;
  ASSIGN_OR_RETURN(connection_, client::Http1Connection::Connect(loop_, endpoint_, deadline, *this, kMostAnswerBytes));
  return {};
}

void HttpLane::Send(const InferBytes& bytes, const Turn& turn) {
  if (!connection_->is_open()) {  // the server has closed it while it was idle
    if (const Status connected = Connect(); !connected.ok()) return listener_.OnFailure(connected);
  }
  is_awaiting_ = true;
  std::string_view head = bytes.head;
  if (bytes.marks_at) {
    const std::string marks = MarksJson(turn);
    marked_head_ = bytes.head;
    head = marked_head_.replace(*bytes.marks_at, marks.size(), marks);
  }
  connection_->Send({.head = head, .body = bytes.body});
}

void HttpLane::Fail(const Status& reason) {
  if (std::exchange(is_awaiting_, false)) listener_.OnFailure(reason);
}

void HttpLane::OnAnswer(client::Http1Connection& connection, const client::Http1AnswerReader& answer) {
  if (!std::exchange(is_awaiting_, false)) return;
  if (answer.status() != 200) {
    return listener_.OnFailure(
        Unavailable("the server answers {}: {}", answer.status(), answer.body().substr(0, 1000)));
  }
  if (const Status taken = Take(answer); !taken.ok()) return listener_.OnFailure(taken);
  if (connection.is_open()) return listener_.OnEnd();
  listener_.OnFailure(Unavailable("{}, which cannot be measured",
                                  answer.keeps_connection() ? "the server answers before it has the whole request"
                                                            : "the server closes the connection after each answer"));
}

void HttpLane::OnLost(client::Http1Connection&, const Status& reason) { Fail(reason); }

std::string MarksJson(const Turn& turn) {
  return fmt::format(R"("sequence_id":{:20},"sequence_start":{:>5},"sequence_end":{:>5})", turn.sequence, turn.starts,
                     turn.ends);
}

}  // namespace neso::perf
