// What a server says of the model that is to be asked.
#pragma once

#include <string>
#include <vector>

#include "base/status.h"
#include "command/asked_server.h"
#include "command/infer/tensor.h"

namespace neso::command {

enum class ImageLayout { kUnsaid, kChannelsFirst, kChannelsLast };

struct TensorFacts {
  std::string name = {};
  TRITONSERVER_DataType datatype = TRITONSERVER_TYPE_INVALID;
  Shape shape = {};  // as requests have it: the batch first, where the model batches; -1 for any size
  ImageLayout layout = ImageLayout::kUnsaid;
  bool optional = false;
};

struct ModelFacts {
  std::string name = {}, version = {};  // the version that was asked for, or ""
  bool batches = false;
  bool is_decoupled = false;
  std::vector<TensorFacts> inputs = {}, outputs = {};
};

// `metadata` and `config`: the server's answers. Error: kInternal for a datatype that there is not.
Expected<ModelFacts> ReadModelFacts(const JsonValue& metadata, const JsonValue& config);

// Errors: the server's own text, or that there is no such model.
Expected<ModelFacts> AskModel(AskedServer& server, const std::string& name, const std::string& version);

}  // namespace neso::command
