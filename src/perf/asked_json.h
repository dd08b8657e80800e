// What a server says of a model, as JSON.
//
//   AskedJson config;
//   RETURN_IF_ERROR(config.Ask(transport, Question::kConfig, {"digits", ""}));
//   FindMember(config.root(), "max_batch_size");
#pragma once

#include <string>

#include "base/json.h"
#include "perf/options.h"
#include "perf/transport.h"

namespace neso::perf {

class AskedJson {
 public:
  // Once. Errors: the server's own text; kInternal for what is no JSON object.
  Status Ask(Transport& transport, Question question, const ModelName& model);
  const JsonValue& root() const { return document_.root(); }

 private:
  std::string text_;
  JsonDocument document_;
};

// The number that is the member `name`; 0: there is none.
uint64_t NumberIn(const JsonValue& object, const char* name);
// Whether the switch `name` is on within the object that is the member `part`.
bool IsSetIn(const JsonValue& config, const char* part, const char* name);

}  // namespace neso::perf
