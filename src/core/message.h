// TRITONSERVER_Message: a JSON text that crosses the C ABI.
#pragma once

#include <string>
#include <utility>

#include "core/abi.h"

namespace neso {

// Immutable. Who owns one is said by the function that hands it out.
class Message final : public TRITONSERVER_Message {
 public:
  // Precondition: `json` is a JSON document.
  explicit Message(std::string json) : json_(std::move(json)) {}
  const std::string& json() const { return json_; }

 private:
  const std::string json_;
};

}  // namespace neso
