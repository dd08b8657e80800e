#include "server/missing_behaviour.h"

#include <algorithm>
#include <iterator>

namespace neso {
namespace {

constexpr const char* kWithoutEffect[] = {
    // One pool of network threads serves every port; --http-thread-count sizes it.
    "sagemaker-thread-count",  "vertex-ai-thread-count",          "buffer-manager-thread-count",
    "grpc-infer-thread-count", "grpc-infer-allocation-pool-size", "grpc-max-response-pool-size",
};

}  // namespace

std::vector<std::string> OptionsWithoutEffect(const Options& options) {
  std::vector<std::string> names;
  for (const std::string& name : options.given) {
    if (std::find(std::begin(kWithoutEffect), std::end(kWithoutEffect), name) != std::end(kWithoutEffect)) {
      names.push_back(name);
    }
  }
  return names;
}

}  // namespace neso
