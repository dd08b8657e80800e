// Why a request was refused, for people: beside the error, whose text is the protocol's, what was expected, the choices
// there are, and a right request to copy.
//
//   const std::string json = Explain({.status = 400, .error = "...", .endpoint = Endpoint::kInfer, ...});
//   // {"problems":["input 'pixel': the model has no such input; did you mean 'pixels'?"],
//   //  "inputs":[{"name":"pixels","datatype":"FP32","shape":[-1,64]}],"outputs":[...],"request":"curl ..."}
//
// Pure: no clock, no lock, no server. It runs only for clients that ask.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/model.h"
#include "frontend/http/route.h"
#include "repository/model_state.h"

namespace neso {

struct RefusedRequest {
  int status = 400;
  std::string_view error;  // the answer's body, with the protocol's text
  std::string_view method;
  std::string_view path;
  const Route* route = nullptr;  // not null; kNone for a path nobody answers
  std::string_view json;         // of an inference request; empty where it cannot be read as such
  std::string base_url;          // "http://localhost:8000"
};

// What may be told to the sender; empty where an API is restricted.
struct ServedModels {
  std::vector<ModelHandle> ready;
  std::vector<ModelIndexEntry> states;
};

// A JSON object.
std::string Explain(const RefusedRequest& request, const ServedModels& models);

}  // namespace neso
