#include "frontend/http/request_problems.h"

#include <algorithm>
#include <charconv>
#include <optional>
#include <set>

#include "base/json.h"
#include "base/nearest.h"
#include "base/text.h"
#include "frontend/http/example_request.h"
#include "frontend/http/json_access.h"

namespace neso {
namespace {

constexpr size_t kMostShownBytes = 64;
// Longer texts nobody wrote by hand; they are not gone through once more.
constexpr size_t kMostJsonBytes = 256u << 10;

class ProblemList {
 public:
  template <typename... Args>
  void Add(fmt::format_string<Args...> format, Args&&... args) {
    if (!full()) problems_.push_back(fmt::format(format, std::forward<Args>(args)...));
  }
  bool full() const { return problems_.size() >= kMostProblems; }
  std::vector<std::string> Take() { return std::move(problems_); }

 private:
  std::vector<std::string> problems_;
};

std::vector<std::string> NamesOf(const std::vector<TensorSpec>& tensors) {
  std::vector<std::string> names;
  for (const TensorSpec& tensor : tensors) names.push_back(tensor.name);
  return names;
}

std::string Quoted(const std::vector<std::string>& names) {
  std::vector<std::string> quoted;
  for (const std::string& name : names) quoted.push_back("'" + name + "'");
  return Join(quoted, ", ");
}

// "; did you mean 'pixels'?" or "; there are 'pixels', 'mask'"
std::string Suggestion(std::string_view name, const std::vector<std::string>& names) {
  const std::vector<std::string> nearest = NearestNames(name, names, 1);
  if (!nearest.empty()) return fmt::format("; did you mean '{}'?", nearest.front());
  return "; there are " + Quoted(names);
}

// Where a text that is no JSON goes wrong, with what stands before it. The parser's error ends with "<reason> at
// <offset>".
void AddSyntaxError(const Status& error, std::string_view json, ProblemList& problems) {
  const std::string& text = error.message();
  const size_t at = text.rfind(" at ");
  const size_t colon = text.rfind(": ", at);
  size_t offset = 0;
  const char* const end = text.data() + text.size();
  if (at == std::string::npos || colon == std::string::npos ||
      std::from_chars(text.data() + at + 4, end, offset).ptr != end) {
    return problems.Add("{}", text);
  }
  offset = std::min(offset, json.size());
  const std::string_view before = json.substr(0, offset);
  const auto line = std::count(before.begin(), before.end(), '\n') + 1;
  const size_t line_start = before.rfind('\n') + 1;  // 0 when there is none
  const size_t shown_from = std::max(line_start, offset > 24 ? offset - 24 : 0);
  problems.Add("the JSON is broken in line {}, column {}, after `{}`: {}", line, offset - line_start + 1,
               json.substr(shown_from, offset - shown_from), text.substr(colon + 2, at - colon - 2));
}

std::optional<Shape> ShapeOf(const JsonValue& tensor) {
  const JsonValue* const shape = FindMember(tensor, "shape");
  if (shape == nullptr || !shape->IsArray()) return {};
  Shape dims;
  for (const JsonValue& dim : shape->GetArray()) {
    if (!dim.IsInt64()) return {};
    dims.push_back(dim.GetInt64());
  }
  return dims;
}

bool Fits(const Shape& shape, const Shape& expected) {
  return std::equal(shape.begin(), shape.end(), expected.begin(), expected.end(),
                    [](int64_t got, int64_t wanted) { return wanted == -1 ? got >= 0 : got == wanted; });
}

// Values in arrays of arrays; `data` is bounded by the request and looked at level by level, so depth does not matter.
size_t CountValues(const JsonValue& data) {
  size_t count = 0;
  std::vector<const JsonValue*> open{&data};
  while (!open.empty()) {
    const JsonValue* const value = open.back();
    open.pop_back();
    if (!value->IsArray()) {
      ++count;
      continue;
    }
    for (const JsonValue& element : value->GetArray()) open.push_back(&element);
  }
  return count;
}

void CheckShape(const Model& model, const TensorSpec& spec, const JsonValue& input, ProblemList& problems) {
  const Shape expected = WireShape(model, spec);
  const char* const hint = model.max_batch_size() > 0 ? "; the first dimension is the batch's" : "";
  const std::optional<Shape> shape = ShapeOf(input);
  if (!shape) {
    problems.Add("input '{}': expected \"shape\" with an array of numbers that fit {}{}", spec.name,
                 ShapeText(expected), hint);
  } else if (!Fits(*shape, expected)) {
    problems.Add("input '{}': expected a shape that fits {}, got {}{}", spec.name, ShapeText(expected),
                 Shown(ShapeText(*shape)), hint);
  } else if (model.max_batch_size() > 0 && !shape->empty() && shape->front() > model.max_batch_size()) {
    problems.Add("input '{}': a batch has at most {} elements, got {}", spec.name, model.max_batch_size(),
                 shape->front());
  }
}

void CheckAmount(const TensorSpec& spec, const JsonValue& input, ProblemList& problems) {
  const std::optional<Shape> shape = ShapeOf(input);
  const int64_t expected = shape ? ElementCount(*shape) : -1;
  if (expected < 0) return;
  if (const JsonValue* const data = FindMember(input, "data"); data != nullptr) {
    const size_t count = CountValues(*data);
    if (count != static_cast<size_t>(expected)) {
      problems.Add("input '{}': shape {} needs {} values, \"data\" has {}", spec.name, Shown(ShapeText(*shape)),
                   expected, count);
    }
    return;
  }
  const JsonValue* const parameters = FindMember(input, "parameters");
  const JsonValue* const size = parameters != nullptr ? FindMember(*parameters, "binary_data_size") : nullptr;
  const bool shared = parameters != nullptr && FindMember(*parameters, "shared_memory_region") != nullptr;
  const uint32_t element = DataTypeByteSize(spec.datatype);
  if (size == nullptr && !shared) {
    problems.Add("input '{}': it has no \"data\", and \"parameters\" name neither binary data nor shared memory",
                 spec.name);
  } else if (size != nullptr && size->IsUint64() && element > 0 &&
             size->GetUint64() / element != static_cast<uint64_t>(expected)) {
    problems.Add("input '{}': shape {} of {} needs {} values of {} bytes, \"binary_data_size\" is {}", spec.name,
                 Shown(ShapeText(*shape)), DataTypeName(spec.datatype), expected, element, size->GetUint64());
  }
}

void CheckInput(const Model& model, const JsonValue& input, std::set<std::string>& given, ProblemList& problems) {
  const JsonValue* const name = FindMember(input, "name");
  if (name == nullptr || !name->IsString()) {
    return problems.Add("an input has no \"name\"; there are {}", Quoted(NamesOf(model.inputs())));
  }
  const TensorSpec* const spec = model.FindInput(JsonText(*name));
  if (spec == nullptr) {
    return problems.Add("input '{}': the model has no such input{}", Shown(JsonText(*name)),
                        Suggestion(JsonText(*name), NamesOf(model.inputs())));
  }
  if (!given.insert(spec->name).second) return problems.Add("input '{}' is given twice", spec->name);
  const JsonValue* const datatype = FindMember(input, "datatype");
  if (datatype == nullptr || !datatype->IsString()) {
    problems.Add("input '{}': expected \"datatype\":\"{}\"", spec->name, DataTypeName(spec->datatype));
  } else if (JsonText(*datatype) != DataTypeName(spec->datatype)) {
    problems.Add("input '{}': expected datatype {}, got {}", spec->name, DataTypeName(spec->datatype),
                 Shown(JsonText(*datatype)));
  }
  CheckShape(model, *spec, input, problems);
  CheckAmount(*spec, input, problems);
}

void CheckOutputs(const Model& model, const JsonValue& outputs, ProblemList& problems) {
  if (!outputs.IsArray()) return problems.Add("expected \"outputs\" with an array of objects that have a \"name\"");
  for (const JsonValue& output : outputs.GetArray()) {
    if (problems.full()) return;
    const JsonValue* const name = FindMember(output, "name");
    if (name == nullptr || !name->IsString()) {
      problems.Add("a requested output has no \"name\"; there are {}", Quoted(NamesOf(model.outputs())));
    } else if (model.FindOutput(JsonText(*name)) == nullptr) {
      problems.Add("output '{}': the model has no such output{}", Shown(JsonText(*name)),
                   Suggestion(JsonText(*name), NamesOf(model.outputs())));
    }
  }
}

void AddMissing(const Model& model, const std::set<std::string>& given, ProblemList& problems) {
  for (const TensorSpec& input : model.inputs()) {
    if (!input.optional && !given.contains(input.name)) problems.Add("input '{}' is missing", input.name);
  }
}

void AddNames(const JsonValue& object, std::set<std::string>& names) {
  if (!object.IsObject()) return;
  for (const auto& member : object.GetObject()) names.emplace(JsonText(member.name));
}

// Null for what is no JSON object, after saying so.
const JsonValue* ObjectOf(JsonDocument& document, std::string_view json, ProblemList& problems) {
  if (const Status parsed = document.Parse(json); !parsed.ok()) {
    AddSyntaxError(parsed, json, problems);
    return nullptr;
  }
  if (document.root().IsObject()) return &document.root();
  problems.Add("expected a JSON object");
  return nullptr;
}

}  // namespace

std::string Shown(std::string_view text) {
  return text.size() <= kMostShownBytes ? std::string(text) : std::string(text.substr(0, kMostShownBytes)) + "...";
}

std::vector<std::string> ProblemsOfInference(const Model& model, std::string_view json) {
  if (json.size() > kMostJsonBytes) return {};
  ProblemList problems;
  JsonDocument document;
  const JsonValue* const request = ObjectOf(document, json, problems);
  if (request == nullptr) return problems.Take();
  const JsonValue* const inputs = FindMember(*request, "inputs");
  if (inputs == nullptr || !inputs->IsArray()) {
    problems.Add("expected \"inputs\" with an array of {}", Quoted(NamesOf(model.inputs())));
    return problems.Take();
  }
  std::set<std::string> given;
  for (const JsonValue& input : inputs->GetArray()) {
    if (problems.full()) return problems.Take();
    CheckInput(model, input, given, problems);
  }
  AddMissing(model, given, problems);
  if (const JsonValue* const outputs = FindMember(*request, "outputs")) CheckOutputs(model, *outputs, problems);
  return problems.Take();
}

std::vector<std::string> ProblemsOfGenerate(const Model& model, std::string_view json) {
  if (json.size() > kMostJsonBytes) return {};
  ProblemList problems;
  JsonDocument document;
  const JsonValue* const request = ObjectOf(document, json, problems);
  if (request == nullptr) return problems.Take();
  // All names at once: to look for each input among them would be quadratic for a model with thousands.
  std::set<std::string> given;
  AddNames(*request, given);
  if (const JsonValue* const nested = FindMember(*request, "parameters"); nested != nullptr) AddNames(*nested, given);
  AddMissing(model, given, problems);
  return problems.Take();
}

}  // namespace neso
