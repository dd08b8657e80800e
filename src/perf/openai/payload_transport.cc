#include "perf/openai/payload_transport.h"

#include <optional>

#include "base/text.h"
#include "client/http_client.h"
#include "perf/http_lane.h"
#include "perf/openai/event_splitter.h"
#include "perf/openai/payload.h"

namespace neso::perf {
namespace {

class TextAnswer final : public Answer {
 public:
  explicit TextAnswer(std::string_view text) : text_(text) {}
  Expected<std::vector<Tensor>> Outputs() const override {
    return std::vector{
        Tensor{.name = "response", .datatype = kJsonDatatype, .shape = {1}, .bytes = std::string(text_)}};
  }

 private:
  const std::string_view text_;
};

bool IsOfEvents(const client::Http1AnswerReader& answer) {
  for (const auto& [name, value] : answer.ParseHeaders()) {
    if (name != "content-type") continue;
    return EqualsIgnoreCaseAscii(TrimBlanks(std::string_view(value).substr(0, value.find(';'))), "text/event-stream");
  }
  return false;
}

class PayloadLane final : public HttpLane {
 public:
  using HttpLane::HttpLane;

  void Send(const InferBytes& bytes, const Turn& turn) override {
    form_ = Form::kUnknown;
    events_ = {};
    failure_ = {};
    HttpLane::Send(bytes, turn);
  }

 private:
  enum class Form { kUnknown, kJson, kEvents };

  void OnMore(client::Http1AnswerReader& answer) override {
    if (answer.status() != 200 || FormOf(answer) != Form::kEvents) return;
    events_.Add(answer.ReleaseBody(), [this](std::string_view event) { TakeEvent(event); });
    if (events_.pending() <= kMostAnswerBytes) return;
    failure_ = Unavailable("an event of the server is longer than is allowed here");
    events_ = {};
  }

  Status Take(const client::Http1AnswerReader& answer) override {
    if (FormOf(answer) == Form::kJson) {
      listener().OnAnswer(TextAnswer(answer.body()));
      return {};
    }
    const auto take = [this](std::string_view event) { TakeEvent(event); };
    events_.Add(answer.body(), take);
    events_.End(take);
    return failure_;
  }

  void TakeEvent(std::string_view event) {
    if (!failure_.ok()) return;
    if (const std::optional<std::string> error = ErrorOfEvent(event)) {
      failure_ = Unavailable("the server answers: {}", *error);
    } else {
      listener().OnAnswer(TextAnswer(event));
    }
  }

  // Its headers are looked at once.
  Form FormOf(const client::Http1AnswerReader& answer) {
    if (form_ == Form::kUnknown) form_ = IsOfEvents(answer) ? Form::kEvents : Form::kJson;
    return form_;
  }

  Form form_ = Form::kUnknown;
  EventSplitter events_;
  Status failure_;
};

}  // namespace

Expected<InferBytes> PayloadTransport::Encode(const TensorSet& request, const ModelFacts&) const {
  client::HttpCall call{.method = "POST", .path = options_.endpoint, .headers = options_.headers};
  call.headers.emplace_back("Content-Type", "application/json");
  call.body = request.inputs.front().bytes;
  InferBytes bytes;
  ASSIGN_OR_RETURN(bytes.head, client::WriteHead(endpoint_, call));
  bytes.body = std::move(call.body);
  return bytes;
}

Expected<std::unique_ptr<Lane>> PayloadTransport::OpenLane(Lane::Listener& listener) {
  auto lane = std::make_unique<PayloadLane>(loop_, endpoint_, listener);
  RETURN_IF_ERROR(lane->Connect());
  return std::unique_ptr<Lane>(std::move(lane));
}

}  // namespace neso::perf
