// The body of an inference request.
#pragma once

#include <string>
#include <vector>

#include "common.h"

namespace triton {
namespace client {

struct InferBody {
  std::string json;
  InferInput::Pieces tensors;  // behind the JSON; they are the inputs'
  bool all_json = true;        // no input's data stands behind the JSON

  size_t ByteSize() const;
};

Error MakeInferBody(InferBody* body, const InferOptions& options, const std::vector<InferInput*>& inputs,
                    const std::vector<const InferRequestedOutput*>& outputs);

}  // namespace client
}  // namespace triton
