// Carries a protobuf runtime of its own, with a message named like one of the server's, and shows its symbols to
// everybody, as frameworks do. Answers OUT = IN after a round trip through its own message; OUT = -1 says that it met
// another one.
#include <google/protobuf/descriptor.h>

#include "../common/plugin.h"
#include "model_config.pb.h"

namespace {

int32_t RoundTrip(int32_t value) {
  inference::ModelConfig config;
  config.set_value(value);
  config.add_note("from the plug-in");
  inference::ModelConfig read;
  if (!read.ParseFromString(config.SerializeAsString())) return -1;
  const bool is_own = inference::ModelConfig::descriptor()->field_count() == 2 &&
                      inference::ModelConfig::descriptor()->FindFieldByName("note") != nullptr &&
                      inference::ModelConfig::descriptor()->FindFieldByName("platform") == nullptr;
  return is_own && read.note_size() == 1 ? read.value() : -1;
}

}  // namespace

TRITONSERVER_Error* TRITONBACKEND_ModelInstanceExecute(TRITONBACKEND_ModelInstance*, TRITONBACKEND_Request** requests,
                                                       const uint32_t request_count) {
  for (uint32_t i = 0; i < request_count; ++i) {
    plugin::Tensor in;
    if (TRITONSERVER_Error* error = plugin::ReadInput(requests[i], &in); error != nullptr) {
      plugin::AnswerError(requests[i], error);
    } else {
      plugin::Ignore(plugin::Answer(requests[i], in, RoundTrip(in.value)));
    }
    plugin::Release(requests[i]);
  }
  return nullptr;
}
