#include "server/missing_behaviour.h"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>

namespace neso {
namespace {

struct MissingRow {
  const char* option;
  bool (*is_asked_for)(const Options& options);
  const char* what;
};

bool HasCloudRepository(const Options& options) {
  const auto& paths = options.server.model_repositories;
  return std::any_of(paths.begin(), paths.end(), [](const std::string& path) {
    return path.starts_with("s3://") || path.starts_with("gs://") || path.starts_with("as://");
  });
}

constexpr MissingRow kMissing[] = {
    {"model-repository", HasCloudRepository, "repositories in object storage (s3://, gs://, as://)"},
};

constexpr const char* kWithoutEffect[] = {
    // One pool of network threads serves every port; --http-thread-count sizes it.
    "sagemaker-thread-count",  "vertex-ai-thread-count",          "buffer-manager-thread-count",
    "grpc-infer-thread-count", "grpc-infer-allocation-pool-size", "grpc-max-response-pool-size",
};

}  // namespace

std::vector<std::string> MissingBehaviour(const Options& options) {
  std::vector<std::string> lines;
  for (const MissingRow& row : kMissing) {
    if (row.is_asked_for(options))
      lines.push_back(fmt::format("--{}: this server does not have {} yet", row.option, row.what));
  }
  return lines;
}

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
