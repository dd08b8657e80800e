// Reads bytes as a SavedModel: views stay inside of them, and what is found can be asked for.
#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "saved_model.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace neso::tensorflow;
  const auto model = SavedModel::Parse({reinterpret_cast<const char*>(data), size});
  if (!model) return 0;
  for (const MetaGraph& graph : model->graphs) {
    if (graph.tags.size() == 1 && !model->FindGraph(*graph.tags.begin())) std::abort();
    for (const auto& [name, signature] : graph.signatures) {
      const auto found = FindSignature(graph, name);
      if (!found || (*found)->name != name) std::abort();
      for (const TensorInfo& tensor : signature.inputs) {
        if (signature.FindInput(tensor.key) != &tensor) std::abort();
      }
    }
  }
  return 0;
}
