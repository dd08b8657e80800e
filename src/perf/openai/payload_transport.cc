#include "perf/openai/payload_transport.h"

#include <algorithm>
#include <optional>

#include "base/text.h"
#include "client/event_splitter.h"
#include "client/http_client.h"
#include "perf/http_lane.h"
#include "perf/openai/conversation.h"
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

}  // namespace

class PayloadTransport::PayloadLane final : public HttpLane {
 public:
  PayloadLane(PayloadTransport& transport, Lane::Listener& listener)
      : HttpLane(transport.loop_, transport.endpoint_, listener),
        transport_(transport),
        is_of_sessions_(transport.options_.load == LoadKind::kSessions) {}

  void Send(const InferBytes& bytes, const Turn& turn) override {
    form_ = Form::kUnknown;
    events_ = {};
    failure_ = {};
    if (!is_of_sessions_) return HttpLane::Send(bytes, turn);
    if (const Status asked = Ask(bytes, turn); !asked.ok()) return listener().OnFailure(asked);
    HttpLane::Send(question_, turn);
  }

 private:
  enum class Form { kUnknown, kJson, kEvents };

  void OnMore(client::Http1AnswerReader& answer) override {
    if (answer.status() != 200 || FormOf(answer) != Form::kEvents) return;
    const std::string more = answer.ReleaseBody();
    if (!failure_.ok()) return;
    events_.Add(more, [this](std::string_view event) { TakeEvent(event); });
    if (events_.pending() > kMostAnswerBytes)
      failure_ = Unavailable("an event of the server is longer than is allowed here");
    if (failure_.ok()) return;
    events_ = {};
    Fail(failure_);  // the end may be far, or never come
  }

  Status Take(const client::Http1AnswerReader& answer) override {
    if (FormOf(answer) == Form::kJson) {
      listener().OnAnswer(TextAnswer(answer.body()));
      return is_of_sessions_ ? conversation_.TakeAnswer(answer.body()) : Status();
    }
    const auto take = [this](std::string_view event) { TakeEvent(event); };
    events_.Add(answer.body(), take);
    events_.End(take);
    return failure_.ok() && is_of_sessions_ ? conversation_.EndEvents() : failure_;
  }

  // What the session sends, made of what was said in it.
  Status Ask(const InferBytes& bytes, const Turn& turn) {
    if (turn.starts) conversation_ = {};
    ASSIGN_OR_RETURN(std::string body, conversation_.Ask(bytes.body));
    if (!transport_.options_.export_file.empty()) transport_.sent_[turn.request] = body;
    ASSIGN_OR_RETURN(question_, transport_.Write(std::move(body)));
    return {};
  }

  void TakeEvent(std::string_view event) {
    if (!failure_.ok()) return;
    if (const std::optional<std::string> error = ErrorOfEvent(event)) {
      failure_ = Unavailable("the server answers: {}", *error);
    } else {
      listener().OnAnswer(TextAnswer(event));
      if (is_of_sessions_) conversation_.TakeEvent(event);
    }
  }

  // Its headers are looked at once.
  Form FormOf(const client::Http1AnswerReader& answer) {
    if (form_ == Form::kUnknown) form_ = IsOfEvents(answer) ? Form::kEvents : Form::kJson;
    return form_;
  }

  PayloadTransport& transport_;
  const bool is_of_sessions_;
  Conversation conversation_;
  InferBytes question_;  // of a session
  Form form_ = Form::kUnknown;
  client::EventSplitter events_;
  Status failure_;
};

Expected<InferBytes> PayloadTransport::Encode(const TensorSet& request, const ModelFacts&) const {
  return Write(request.inputs.front().bytes);
}

Expected<InferBytes> PayloadTransport::Write(std::string body) const {
  client::HttpCall call{.method = "POST", .path = options_.endpoint, .headers = options_.headers};
  const auto says_type = [](const auto& header) { return EqualsIgnoreCaseAscii(header.first, "content-type"); };
  if (std::ranges::none_of(call.headers, says_type)) call.headers.emplace_back("Content-Type", "application/json");
  call.body = std::move(body);
  InferBytes bytes;
  ASSIGN_OR_RETURN(bytes.head, client::WriteHead(endpoint_, call));
  bytes.body = std::move(call.body);
  return bytes;
}

Expected<std::unique_ptr<Lane>> PayloadTransport::OpenLane(Lane::Listener& listener) {
  auto lane = std::make_unique<PayloadLane>(*this, listener);
  RETURN_IF_ERROR(lane->Connect());
  return std::unique_ptr<Lane>(std::move(lane));
}

const std::string* PayloadTransport::SentBody(size_t request) const {
  const auto found = sent_.find(request);
  return found == sent_.end() ? nullptr : &found->second;
}

}  // namespace neso::perf
