// Where in a body the JSON ends and binary tensors begin: how a request tells it, and how an answer does.
//
//   constexpr BinaryFraming kHttp;   // in a header of its own
//   constexpr BinaryFraming kVendor("application/vnd.x.binary+json;json-header-size=", AnswerFraming::kContentType);
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "base/status.h"
#include "net/http_exchange.h"

namespace neso {

enum class AnswerFraming : uint8_t { kHeader, kContentType };

class BinaryFraming {
 public:
  // The header Inference-Header-Content-Length. Source: binary tensor data extension of KServe v2.
  constexpr BinaryFraming() = default;
  // Requests tell it in their Content-Type: `prefix`, which outlives this object, and the number behind it; between the
  // type and its parameter there may be blanks. Any other type means that all of the body is JSON. Source: the
  // SageMaker and Vertex AI services.
  constexpr BinaryFraming(std::string_view prefix, AnswerFraming answers) : prefix_(prefix), answers_(answers) {}

  // Bytes of JSON at the front of a body of `body_bytes`; unset when all of it is.
  // Errors: kInvalidArg for a number out of range, or no number where the header has to have one.
  Expected<std::optional<size_t>> JsonLength(const net::HttpHead& head, size_t body_bytes) const;
  // The same before the body is there, to place it well: 0 when not told or nonsense, which JsonLength refuses later.
  size_t JsonLengthHint(const net::HttpHead& head) const;

  // Sets the content type of an answer whose JSON has `json_bytes`, followed by binary tensors.
  void Announce(size_t json_bytes, net::HttpResponse& answer) const;

 private:
  std::string_view prefix_;  // of requests; empty: a header of its own
  AnswerFraming answers_ = AnswerFraming::kHeader;
};

}  // namespace neso
