#include "perf/grpc_answer.h"

#include "client/infer_response.h"

namespace neso::perf {

Expected<std::vector<Tensor>> ReadGrpcOutputs(std::string_view response) {
  ASSIGN_OR_RETURN(client::InferResponse read, client::ReadInferResponse(response));
  std::vector<Tensor> outputs;
  for (client::OutputTensor& output : read.outputs) {
    outputs.push_back({.name = std::string(output.name),
                       .datatype = std::string(output.datatype),
                       .shape = std::move(output.shape),
                       .bytes = std::string(output.bytes)});
  }
  return outputs;
}

}  // namespace neso::perf
