#include "perf/grpc_stream.h"

#include <charconv>

#include "client/infer_response.h"
#include "perf/grpc_answer.h"
#include "perf/grpc_bytes.h"

namespace neso::perf {
namespace {

class StreamedAnswer final : public Answer {
 public:
  explicit StreamedAnswer(std::string_view response) : response_(response) {}
  Expected<std::vector<Tensor>> Outputs() const override { return ReadGrpcOutputs(response_); }

 private:
  const std::string_view response_;
};

}  // namespace

class GrpcStream::StreamLane final : public Lane {
 public:
  StreamLane(GrpcStream& stream, size_t place, Lane::Listener& listener)
      : stream_(stream), place_(place), id_(std::to_string(place)), listener_(listener) {}
  ~StreamLane() override { stream_.lanes_[place_] = nullptr; }
  StreamLane(const StreamLane&) = delete;
  StreamLane& operator=(const StreamLane&) = delete;

  void Send(const InferBytes& bytes, const Turn& turn) override {
    if (const Status begun = stream_.Begin(); !begun.ok()) return listener_.OnFailure(begun);
    is_awaiting_ = true;
    is_decoupled_ = bytes.is_decoupled;
    request_ = std::make_shared<GrpcRequest>(MakeGrpcRequest(bytes.body, id_, turn, stream_.compression_));
    stream_.call_.Send({.head = request_->head, .body = request_->body, .keep = request_});
  }

  void Take(const client::StreamAnswer& answer) {
    if (!is_awaiting_) return;
    if (!answer.error.empty()) return Fail(Unavailable("the server answers: {}", answer.error));
    // The last one of a decoupled model's answers may be there for its flag alone.
    if (answer.has_outputs || !is_decoupled_) listener_.OnAnswer(StreamedAnswer(answer.response));
    if (is_decoupled_ && !answer.is_final) return;
    is_awaiting_ = false;
    listener_.OnEnd();
  }

  void Fail(const Status& reason) {
    if (!std::exchange(is_awaiting_, false)) return;
    listener_.OnFailure(reason);
  }

 private:
  GrpcStream& stream_;
  const size_t place_;
  const std::string id_;
  Lane::Listener& listener_;
  std::shared_ptr<GrpcRequest> request_;
  bool is_awaiting_ = false;
  bool is_decoupled_ = false;
};

std::unique_ptr<Lane> GrpcStream::AddLane(Lane::Listener& listener) {
  auto lane = std::make_unique<StreamLane>(*this, lanes_.size(), listener);
  lanes_.push_back(lane.get());
  return lane;
}

Status GrpcStream::Begin() {
  if (call_.is_under_way()) return {};
  ASSIGN_OR_RETURN(client::GrpcConnection* const connection, line_.Ready());
  call_.Begin(*connection, method_);
  return {};
}

GrpcStream::StreamLane* GrpcStream::FindLane(std::string_view id) const {
  size_t place = 0;
  const auto [end, error] = std::from_chars(id.data(), id.data() + id.size(), place);
  const bool is_ours = error == std::errc() && end == id.data() + id.size() && place < lanes_.size();
  return is_ours ? lanes_[place] : nullptr;
}

void GrpcStream::FailAll(const Status& reason) {
  for (StreamLane* const lane : lanes_) {
    if (lane != nullptr) lane->Fail(reason);
  }
}

void GrpcStream::OnMessage(client::GrpcCall&, std::string_view message) {
  const Expected<client::StreamAnswer> answer = client::ReadStreamAnswer(message);
  if (!answer) return FailAll(answer.error());
  if (StreamLane* const lane = FindLane(answer->id)) return lane->Take(*answer);
  FailAll(answer->error.empty() ? Internal("the server's answer has an ID that was not sent: '{}'", answer->id)
                                : Unavailable("the server answers: {}", answer->error));
}

void GrpcStream::OnEnd(client::GrpcCall&, const net::GrpcStatus& status) {
  FailAll(status.code == net::GrpcCode::kOk ? Unavailable("the server has ended the stream")
                                            : client::StatusOf(status).WithContext("the server answers"));
}

}  // namespace neso::perf
