#include "frontend/restricted_apis.h"

namespace neso {

bool RestrictedApi::Matches(std::string_view presented) const {
  unsigned difference = presented.size() == value.size() ? 0 : 1;
  for (size_t i = 0; i < presented.size(); ++i) {
    difference |= static_cast<unsigned char>(presented[i]) ^ static_cast<unsigned char>(value[i % value.size()]);
  }
  return difference == 0;
}

bool IsRestricted(const RestrictedApis& apis, ApiCategory category, const net::HttpHead& head) {
  const RestrictedApi* const rule = apis.Find(category);
  return rule != nullptr && !rule->Matches(head.Find(rule->header));
}

bool RestrictedApis::Add(ApiCategory category, RestrictedApi rule) {
  std::optional<RestrictedApi>& place = rules_[static_cast<size_t>(category)];
  if (place) return false;
  place = std::move(rule);
  is_empty_ = false;
  return true;
}

}  // namespace neso
