#include "perf/infer_bytes.h"

#include <fmt/format.h>

#include "base/json.h"
#include "client/http_client.h"
#include "perf/json_tensor.h"

namespace neso::perf {
namespace {

// Always as long, whatever they say, so that they are written into a head that is there: blanks are nothing in JSON.
std::string Marks(const Turn& turn) {
  return fmt::format(R"("sequence_id":{:20},"sequence_start":{:>5},"sequence_end":{:>5})", turn.sequence, turn.starts,
                     turn.ends);
}

Expected<std::string> InputJson(const Tensor& input, bool is_json) {
  const std::string what = fmt::format(R"("name":{},"datatype":"{}","shape":[{}])", JsonQuoted(input.name),
                                       input.datatype, fmt::join(input.shape, ","));
  if (!is_json) return fmt::format(R"({{{},"parameters":{{"binary_data_size":{}}}}})", what, input.bytes.size());
  ASSIGN_OR_RETURN(const std::string elements, JsonElementsText(input));
  return fmt::format(R"({{{},"data":{}}})", what, elements);
}

Expected<InferBytes> WriteInfer(const client::Endpoint& endpoint, const ModelFacts& facts, const Options& options,
                                const TensorSet& request) {
  std::string json = "{\"inputs\":[";
  std::string tensors;
  for (const Tensor& input : request.inputs) {
    ASSIGN_OR_RETURN(const std::string text, InputJson(input, options.input_is_json));
    if (&input != &request.inputs.front()) json += ',';
    json += text;
    if (!options.input_is_json) tensors += input.bytes;
  }
  json += "],\"parameters\":{";
  size_t marks_at = 0;
  if (facts.has_sequences) {
    marks_at = json.size();
    json += Marks({}) + ",";
  }
  json += fmt::format(R"("binary_data_output":{}}}}})", !options.output_is_json);

  client::HttpCall call{.method = "POST", .path = ModelPath(options) + "/infer", .headers = options.headers};
  call.headers.emplace_back("Content-Type", "application/octet-stream");
  call.headers.emplace_back("Inference-Header-Content-Length", std::to_string(json.size()));
  call.body = json + tensors;
  InferBytes bytes;
  ASSIGN_OR_RETURN(bytes.head, client::WriteHead(endpoint, call));
  if (facts.has_sequences) bytes.marks_at = bytes.head.size() + marks_at;
  bytes.head += json;
  bytes.body = std::move(tensors);
  return bytes;
}

}  // namespace

Expected<std::vector<InferBytes>> WriteInfers(const client::Endpoint& endpoint, const ModelFacts& facts,
                                              const Options& options, std::span<const TensorSet> requests) {
  std::vector<InferBytes> written;
  written.reserve(requests.size());
  for (const TensorSet& request : requests) {
    ASSIGN_OR_RETURN(written.emplace_back(), WriteInfer(endpoint, facts, options, request));
  }
  return written;
}

std::string WithMarks(const InferBytes& bytes, const Turn& turn) {
  const std::string marks = Marks(turn);
  std::string head = bytes.head;
  return head.replace(*bytes.marks_at, marks.size(), marks);
}

}  // namespace neso::perf
