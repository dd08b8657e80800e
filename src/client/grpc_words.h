// What all who ask a server over gRPC need: where its methods are, and pieces of the messages of inference.
// Source: the service's definition (frontend/grpc/grpc_service.proto).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "neso/protobuf_wire.h"

namespace neso::client {

// "/inference.GRPCInferenceService/METHOD".
std::string ServicePath(std::string_view method);

// Adds what is not empty.
void AddText(wire::MessageWriter& message, uint32_t field, std::string_view text);

// Makes an InferParameter; for std::visit, too.
struct MakeParameter {
  wire::MessageWriter operator()(bool value) const { return wire::MessageWriter().Add(1, uint64_t{value}); }
  wire::MessageWriter operator()(int64_t value) const {
    return wire::MessageWriter().Add(2, static_cast<uint64_t>(value));
  }
  wire::MessageWriter operator()(const std::string& value) const {
    return wire::MessageWriter().Add(3, std::string_view(value));
  }
  wire::MessageWriter operator()(double value) const { return wire::MessageWriter().Add(4, value); }
};

// Adds an entry of a map of parameters, at `field`; `value` is an InferParameter.
void AddParameter(wire::MessageWriter& message, uint32_t field, std::string_view name,
                  const wire::MessageWriter& value);

// The beginning of an input: its name, datatype and shape.
wire::MessageWriter InputMessage(std::string_view name, std::string_view datatype, const std::vector<int64_t>& shape);

}  // namespace neso::client
