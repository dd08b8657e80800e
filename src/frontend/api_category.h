// The groups of endpoints and RPCs that can be restricted to clients that carry a secret.
//
// Source: the options --http-restricted-api and --grpc-restricted-protocol.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace neso {

enum class ApiCategory : uint8_t {
  kHealth,
  kMetadata,
  kInference,
  kSharedMemory,
  kModelConfig,
  kModelRepository,
  kStatistics,
  kTrace,
  kLogging,
};

// Names as the options have them, in the order of the enumeration.
inline constexpr std::array<std::string_view, 9> kApiCategoryNames = {
    "health",           "metadata",   "inference", "shared-memory", "model-config",
    "model-repository", "statistics", "trace",     "logging"};

// Null for a name that is none of them.
constexpr std::optional<ApiCategory> ApiCategoryFromName(std::string_view name) {
  for (size_t i = 0; i < kApiCategoryNames.size(); ++i) {
    if (kApiCategoryNames[i] == name) return static_cast<ApiCategory>(i);
  }
  return {};
}

}  // namespace neso
