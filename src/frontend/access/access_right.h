// What a key may let its holder do.
//
// They are the API categories, with two differences: reading the repository's index is a right of its own beside loading
// and unloading, and metrics are one too.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "frontend/api_category.h"

namespace neso {

enum class AccessRight : uint8_t {
  kHealth,
  kMetadata,
  kInference,
  kModelConfig,
  kIndex,
  kStatistics,
  kModelRepository,
  kSharedMemory,
  kTrace,
  kLogging,
  kMetrics,
};

inline constexpr std::array<std::string_view, 11> kAccessRightNames = {
    "health",           "metadata",      "inference", "model-config", "index",  "statistics",
    "model-repository", "shared-memory", "trace",     "logging",      "metrics"};

inline std::string_view AccessRightName(AccessRight right) { return kAccessRightNames[static_cast<size_t>(right)]; }

class AccessRights {
 public:
  constexpr AccessRights() = default;
  template <typename... Rights>
  static constexpr AccessRights Of(Rights... rights) {
    AccessRights set;
    (set.Add(rights), ...);
    return set;
  }
  static constexpr AccessRights All() {
    AccessRights set;
    for (size_t i = 0; i < kAccessRightNames.size(); ++i) set.Add(static_cast<AccessRight>(i));
    return set;
  }

  constexpr void Add(AccessRight right) { bits_ |= Bit(right); }
  constexpr void Add(const AccessRights& others) { bits_ |= others.bits_; }
  constexpr bool Has(AccessRight right) const { return (bits_ & Bit(right)) != 0; }
  constexpr bool empty() const { return bits_ == 0; }
  bool operator==(const AccessRights&) const = default;

  // Their names, with `delimiter` between them.
  std::string ToString(std::string_view delimiter = ",") const {
    std::string text;
    for (size_t i = 0; i < kAccessRightNames.size(); ++i) {
      if (!Has(static_cast<AccessRight>(i))) continue;
      if (!text.empty()) text += delimiter;
      text += kAccessRightNames[i];
    }
    return text;
  }

 private:
  static constexpr uint32_t Bit(AccessRight right) { return uint32_t{1} << static_cast<unsigned>(right); }
  uint32_t bits_ = 0;
};

// What the users of models need.
inline constexpr AccessRights kUsersRights =
    AccessRights::Of(AccessRight::kHealth, AccessRight::kMetadata, AccessRight::kInference, AccessRight::kModelConfig,
                     AccessRight::kIndex);
// What changes the server for everybody.
inline constexpr AccessRights kManagementRights = AccessRights::Of(
    AccessRight::kModelRepository, AccessRight::kSharedMemory, AccessRight::kTrace, AccessRight::kLogging);

constexpr std::optional<AccessRight> AccessRightFromName(std::string_view name) {
  for (size_t i = 0; i < kAccessRightNames.size(); ++i) {
    if (kAccessRightNames[i] == name) return static_cast<AccessRight>(i);
  }
  return {};
}

// What it takes to use the API categories of the front ends. Reading the index is asked for apart.
constexpr AccessRight RightOf(ApiCategory category) {
  switch (category) {
    case ApiCategory::kHealth: return AccessRight::kHealth;
    case ApiCategory::kMetadata: return AccessRight::kMetadata;
    case ApiCategory::kInference: return AccessRight::kInference;
    case ApiCategory::kSharedMemory: return AccessRight::kSharedMemory;
    case ApiCategory::kModelConfig: return AccessRight::kModelConfig;
    case ApiCategory::kModelRepository: return AccessRight::kModelRepository;
    case ApiCategory::kStatistics: return AccessRight::kStatistics;
    case ApiCategory::kTrace: return AccessRight::kTrace;
    case ApiCategory::kLogging: break;
  }
  return AccessRight::kLogging;
}

// Of a name, or "all". Null for a name that is none of them.
constexpr std::optional<AccessRights> AccessRightsFromName(std::string_view name) {
  if (name == "all") return AccessRights::All();
  const std::optional<AccessRight> right = AccessRightFromName(name);
  if (!right) return {};
  return AccessRights::Of(*right);
}

}  // namespace neso
