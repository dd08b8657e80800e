// The API categories that only requests with a certain header may use.
//
//   RestrictedApis apis;
//   apis.Add(ApiCategory::kInference, {.header = "admin-key", .value = "secret"});
//   const RestrictedApi* rule = apis.Find(ApiCategory::kInference);
//   if (rule != nullptr && !rule->Matches(head.Find(rule->header))) ...   // refused
#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "frontend/api_category.h"
#include "net/http_exchange.h"

namespace neso {

struct RestrictedApi {
  std::string header;  // compared without case
  std::string value;   // a secret

  // Takes as long for a value that differs early as for one that differs late.
  bool Matches(std::string_view presented) const;
};

// Constant once front ends use it.
class RestrictedApis {
 public:
  // False when the category is restricted already.
  [[nodiscard]] bool Add(ApiCategory category, RestrictedApi rule);
  bool empty() const { return is_empty_; }
  // Null: everybody may use the category.
  const RestrictedApi* Find(ApiCategory category) const {
    const std::optional<RestrictedApi>& rule = rules_[static_cast<size_t>(category)];
    return rule ? &*rule : nullptr;
  }

 private:
  bool is_empty_ = true;
  std::array<std::optional<RestrictedApi>, kApiCategoryNames.size()> rules_;
};

// Whether a rule keeps the category from the sender of this request.
bool IsRestricted(const RestrictedApis& apis, ApiCategory category, const net::HttpHead& head);

}  // namespace neso
