#include "perf/http_transport.h"

#include <fmt/format.h>

#include "base/base64.h"
#include "base/json.h"
#include "client/access_key.h"
#include "client/server_words.h"
#include "perf/answers.h"
#include "perf/http_lane.h"
#include "perf/json_tensor.h"

namespace neso::perf {
namespace {

constexpr int kUnauthorized = 401;

std::string_view EndpointOf(Question question) {
  switch (question) {
    case Question::kMetadata: return "";
    case Question::kConfig: return "/config";
    case Question::kStatistics: return "/stats";
  }
  return "";
}

// What the server says of an error, in its own words if it has some.
Status ErrorOf(const std::string& path, const client::HttpAnswer& answer) {
  return Unavailable("{} says {}: {}{}", path, answer.status, client::ErrorText(answer.body).value_or(answer.body),
                     answer.status == kUnauthorized ? client::kAccessKeyHint : "");
}

std::string PlaceJson(const SharedPlace& place) {
  return fmt::format(
      R"("parameters":{{"shared_memory_region":"{}","shared_memory_offset":{},"shared_memory_byte_size":{}}})",
      place.region, place.offset, place.bytes);
}

std::string OutputsJson(const std::vector<PlacedOutput>& outputs) {
  std::vector<std::string> texts;
  for (const PlacedOutput& output : outputs)
    texts.push_back(fmt::format(R"({{"name":{},{}}})", JsonQuoted(output.name), PlaceJson(output.place)));
  return outputs.empty() ? "" : fmt::format(R"("outputs":[{}],)", fmt::join(texts, ","));
}

std::string ValueJson(const RequestParameter& parameter) {
  if (const auto* const text = std::get_if<std::string>(&parameter.value)) return JsonQuoted(*text);
  if (const auto* const number = std::get_if<int64_t>(&parameter.value)) return fmt::format("{}", *number);
  return std::get<bool>(parameter.value) ? "true" : "false";
}

Expected<std::string> InputJson(const Tensor& input, bool is_json) {
  const std::string what = fmt::format(R"("name":{},"datatype":"{}","shape":[{}])", JsonQuoted(input.name),
                                       input.datatype, fmt::join(input.shape, ","));
  if (!input.place.region.empty()) return fmt::format("{{{},{}}}", what, PlaceJson(input.place));
  if (!is_json) return fmt::format(R"({{{},"parameters":{{"binary_data_size":{}}}}})", what, input.bytes.size());
  ASSIGN_OR_RETURN(const std::string elements, JsonElementsText(input));
  return fmt::format(R"({{{},"data":{}}})", what, elements);
}

std::string RegionPath(const SharedRegion& region, std::string_view what) {
  return fmt::format("/v2/{}sharedmemory/region/{}/{}", region.key.empty() ? "cuda" : "system", region.name, what);
}

class HttpAnswer final : public Answer {
 public:
  explicit HttpAnswer(const client::Http1AnswerReader& reader) : reader_(reader) {}
  Expected<std::vector<Tensor>> Outputs() const override { return ReadHttpAnswer(reader_); }

 private:
  const client::Http1AnswerReader& reader_;
};

class TensorLane final : public HttpLane {
 public:
  using HttpLane::HttpLane;

 private:
  Status Take(const client::Http1AnswerReader& answer) override {
    listener().OnAnswer(HttpAnswer(answer));
    return {};
  }
};

}  // namespace

Expected<std::string> HttpTransport::Ask(Question question, const std::string& model, const std::string& version) {
  const std::string path = fmt::format("{}{}", client::ModelPath(model, version), EndpointOf(question));
  ASSIGN_OR_RETURN(client::HttpAnswer answer,
                   client_.Call({.path = path, .headers = options_.headers}, UsualPatience()));
  if (answer.status != 200) return ErrorOf(path, answer);
  return std::move(answer.body);
}

Expected<InferBytes> HttpTransport::Encode(const TensorSet& request, const ModelFacts& facts) const {
  std::string json = "{\"inputs\":[";
  std::string tensors;
  for (const Tensor& input : request.inputs) {
    ASSIGN_OR_RETURN(const std::string text, InputJson(input, options_.input_is_json));
    if (&input != &request.inputs.front()) json += ',';
    json += text;
    if (!options_.input_is_json && input.place.region.empty()) tensors += input.bytes;
  }
  json += "]," + OutputsJson(request.outputs) + "\"parameters\":{";
  size_t marks_at = 0;
  if (facts.has_sequences) {
    marks_at = json.size();
    json += MarksJson({}) + ",";
  }
  for (const RequestParameter& parameter : options_.parameters)
    json += fmt::format("{}:{},", JsonQuoted(parameter.name), ValueJson(parameter));
  json += fmt::format(R"("binary_data_output":{}}}}})", !options_.output_is_json);

  client::HttpCall call{.method = "POST",
                        .path = client::ModelPath(options_.model, options_.version) + "/infer",
                        .headers = options_.headers};
  call.headers.emplace_back("Content-Type", "application/octet-stream");
  call.headers.emplace_back("Inference-Header-Content-Length", std::to_string(json.size()));
  call.body = json + tensors;
  InferBytes bytes;
  ASSIGN_OR_RETURN(bytes.head, client::WriteHead(endpoint_, call));
  if (facts.has_sequences) bytes.marks_at = bytes.head.size() + marks_at;
  bytes.head += json;
  bytes.body = std::move(tensors);
  return bytes;
}

Status HttpTransport::Post(const std::string& path, const std::string& body, const client::Patience& patience) {
  ASSIGN_OR_RETURN(const client::HttpAnswer answer,
                   client_.Call({.method = "POST", .path = path, .headers = options_.headers, .body = body}, patience));
  if (answer.status != 200) return ErrorOf(path, answer);
  return {};
}

Status HttpTransport::SetTrace(const TraceSettings& settings) {
  std::string body;
  for (const auto& [name, values] : settings) {
    std::string list;
    for (const std::string& value : values) list += (list.empty() ? "" : ",") + JsonQuoted(value);
    if (name == "trace_level") list = "[" + list + "]";  // the others are one word
    body += fmt::format("{}{}:{}", body.empty() ? "" : ",", JsonQuoted(name), list);
  }
  return Post("/v2/trace/setting", "{" + body + "}");
}

Status HttpTransport::Load(const std::string& model, const std::string& config) {
  const std::string parameter = config.empty() ? "" : "\"config\":" + JsonQuoted(config);
  return Post(client::ControlPath(model, "load"), "{\"parameters\":{" + parameter + "}}", kLoadPatience);
}

Status HttpTransport::Unload(const std::string& model) {
  return Post(client::ControlPath(model, "unload"), "{}", kLoadPatience);
}

Status HttpTransport::Register(const SharedRegion& region) {
  if (!region.key.empty())
    return Post(RegionPath(region, "register"),
                fmt::format(R"({{"key":{},"offset":0,"byte_size":{}}})", JsonQuoted(region.key), region.bytes));
  return Post(RegionPath(region, "register"),
              fmt::format(R"({{"raw_handle":{{"b64":"{}"}},"device_id":{},"byte_size":{}}})",
                          EncodeBase64(region.cuda_handle), region.device, region.bytes));
}

Status HttpTransport::Unregister(const SharedRegion& region) { return Post(RegionPath(region, "unregister"), "{}"); }

Expected<std::unique_ptr<Lane>> HttpTransport::OpenLane(Lane::Listener& listener) {
  auto lane = std::make_unique<TensorLane>(loop_, endpoint_, listener);
  RETURN_IF_ERROR(lane->Connect());
  return std::unique_ptr<Lane>(std::move(lane));
}

}  // namespace neso::perf
