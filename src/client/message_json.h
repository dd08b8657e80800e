// Messages of the gRPC service as the JSON that HTTP has for them, as far as is asked for.
//
//   constexpr MessageField kDuration[] = {{1, "count"}, {2, "ns"}};
//   ASSIGN_OR_RETURN(const std::string json, MessageJson(bytes, kDuration));   // {"count":3,"ns":100}
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "base/status.h"

namespace neso::client {

enum class FieldKind { kNumber, kBool, kText, kMessage, kNumbers, kTexts, kMessages };

// What a field of a message is called, and what its own fields are. Numbers are signed; texts and lists are there when
// they are empty, too; fields that are not named are left out.
struct MessageField {
  uint64_t number;
  const char* name;
  FieldKind kind = FieldKind::kNumber;
  std::span<const MessageField> fields = {};
};

// Error: kInternal when it is no Protocol Buffer.
Expected<std::string> MessageJson(std::string_view message, std::span<const MessageField> fields);

// Of ModelMetadataResponse, ModelConfig, ModelStatisticsResponse and RepositoryIndexResponse (whose list HTTP has alone).
extern const std::span<const MessageField> kModelMetadataFields, kModelConfigFields, kModelStatisticsFields,
    kRepositoryIndexFields;

}  // namespace neso::client
