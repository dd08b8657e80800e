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

enum class FieldKind {
  kNumber,
  kText,
  kOptionalText,  // HTTP leaves it out when it is empty
  kMessage,
  kNumbers,
  kTexts,
  kMessages,
  kMap,  // of texts to messages
};

// What a field of a message is called, and what its own fields, or those of its values, are. Numbers are signed; what a
// message leaves out because it is zero or empty is there, except messages; fields that are not named are not.
struct MessageField {
  uint64_t number;
  const char* name;
  FieldKind kind = FieldKind::kNumber;
  std::span<const MessageField> fields = {};
};

// Error: kInternal when it is no Protocol Buffer.
Expected<std::string> MessageJson(std::string_view message, std::span<const MessageField> fields);

// All of ServerMetadataResponse, ModelMetadataResponse, ModelStatisticsResponse and RepositoryIndexResponse (whose list
// HTTP has alone).
extern const std::span<const MessageField> kServerMetadataFields, kModelMetadataFields, kModelStatisticsFields,
    kRepositoryIndexFields;

}  // namespace neso::client
