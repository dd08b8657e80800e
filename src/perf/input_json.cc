#include "perf/input_json.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/base64.h"
#include "base/json_elements.h"
#include "base/json_member.h"
#include "perf/json_tensor.h"
#include "perf/openai/payload.h"

namespace neso::perf {
namespace {

constexpr const char *kTime = "timestamp", *kSession = "session_id", *kPause = "delay";
constexpr double kMostMilliseconds = 86'400'000;  // a day

// All arrays but those of steps hold elements, and stay text until they are read.
bool HoldsElements(std::string_view name) { return name != "data" && name != "validation_data"; }

// Where in the file something stands; for errors.
struct Place {
  size_t stream = 0, step = 0;
  std::string Text() const { return fmt::format("( Location stream id: {}, step id: {})", stream, step); }
};

template <typename Take>
Status ForEachIn(const JsonValue& array, std::string_view name, Take take) {
  if (HoldsElements(name)) return ForEachJsonElement(JsonDocument::ElementsOf(array).text, take);
  for (const JsonValue& value : array.GetArray()) RETURN_IF_ERROR(take(value));
  return {};
}

Expected<std::vector<int64_t>> ReadShape(const JsonValue& shape, const std::string& name) {
  std::vector<int64_t> sizes;
  const Status read = ForEachIn(shape, "shape", [&sizes](const JsonValue& size) -> Status {
    if (!size.IsInt64() || size.GetInt64() < 0) return InvalidArg("expected sizes of 0 and more");
    sizes.push_back(size.GetInt64());
    return {};
  });
  if (!read.ok()) return read.WithContext("shape of '{}'", name);
  return sizes;
}

Expected<std::string> ReadBytes(const JsonValue& content, std::string_view key, const TensorFacts& facts) {
  std::string bytes;
  if (content.IsArray()) {
    RETURN_IF_ERROR(ForEachIn(content, key,
                              [&](const JsonValue& value) { return AppendJsonElement(value, facts.datatype, bytes); }));
    return bytes;
  }
  const JsonValue* const encoded = FindMember(content, "b64");
  if (encoded == nullptr || !encoded->IsString())
    return InvalidArg(R"(expected an array of elements or {{"b64": "..."}})");
  return DecodeBase64(JsonText(*encoded));
}

Expected<Tensor> ReadTensor(const JsonValue& value, const TensorFacts& facts) {
  if (facts.datatype == kJsonDatatype) {
    if (!value.IsArray()) return InvalidArg("'{}': expected an array of one object", facts.name);
    return ReadPayload(JsonDocument::ElementsOf(value).text, facts);
  }
  Tensor tensor{.name = facts.name, .datatype = facts.datatype, .shape = facts.shape, .bytes = {}};
  const JsonValue* content = &value;
  std::string_view key = facts.name;
  if (const JsonValue* const shape = FindMember(value, "shape")) {
    if (!shape->IsArray()) return InvalidArg("shape of '{}': expected an array", facts.name);
    ASSIGN_OR_RETURN(tensor.shape, ReadShape(*shape, facts.name));
  }
  if (const JsonValue* const inner = FindMember(value, "content")) {
    content = inner;
    key = "content";
  }
  RETURN_IF_ERROR(CheckShapeIsKnown(facts.name, tensor.shape));
  Expected<std::string> bytes = ReadBytes(*content, key, facts);
  if (!bytes) return bytes.error().WithContext("'{}'", facts.name);
  tensor.bytes = *std::move(bytes);
  RETURN_IF_ERROR(CheckSize(tensor));
  return tensor;
}

const TensorFacts* Find(const std::vector<TensorFacts>& tensors, std::string_view name) {
  const auto found = std::ranges::find(tensors, name, &TensorFacts::name);
  return found == tensors.end() ? nullptr : &*found;
}

using IsTensor = bool (*)(std::string_view name);
constexpr IsTensor kAll = [](std::string_view) { return true; };
constexpr IsTensor kAllButTimes = [](std::string_view name) { return name != kTime; };
constexpr IsTensor kPayload = [](std::string_view name) { return name != kTime && name != kSession && name != kPause; };

Status ReadTensors(const JsonValue& step, const std::vector<TensorFacts>& known, std::vector<Tensor>& tensors,
                   IsTensor is_tensor = kAll) {
  if (!step.IsObject()) return InvalidArg("expected an object of tensors for each step");
  for (const auto& member : step.GetObject()) {
    if (!is_tensor(JsonText(member.name))) continue;
    const TensorFacts* const facts = Find(known, JsonText(member.name));
    if (facts == nullptr)
      return InvalidArg("The input or output '{}' is not found in the model configuration", JsonText(member.name));
    if (std::ranges::find(tensors, facts->name, &Tensor::name) != tensors.end())
      return InvalidArg("'{}' stands twice in a step", facts->name);
    ASSIGN_OR_RETURN(tensors.emplace_back(), ReadTensor(member.value, *facts));
  }
  std::ranges::sort(tensors, {}, &Tensor::name);  // the same in all steps
  return {};
}

// A number, or an array of one.
Expected<Nanoseconds> ReadTime(const JsonValue& time, std::string_view name) {
  std::vector<double> numbers;
  const auto take = [&numbers](const JsonValue& number) -> Status {
    numbers.push_back(number.IsNumber() ? number.GetDouble() : -1);
    return {};
  };
  RETURN_IF_ERROR(time.IsArray() ? ForEachIn(time, name, take) : take(time));
  if (numbers.size() != 1 || !(numbers[0] >= 0) || numbers[0] > kMostMilliseconds)
    return InvalidArg("expected \"{}\" to be milliseconds, 0 to {:.0f}", name, kMostMilliseconds);
  return std::chrono::duration_cast<Nanoseconds>(std::chrono::duration<double, std::milli>(numbers[0]));
}

// A text, or an array of one.
Status ReadSession(const JsonValue& step, TensorSet& set) {
  const JsonValue* const id = FindMember(step, kSession);
  std::vector<std::string> texts;
  const auto take = [&texts](const JsonValue& text) -> Status {
    texts.emplace_back(text.IsString() ? JsonText(text) : "");
    return {};
  };
  if (id != nullptr) RETURN_IF_ERROR(id->IsArray() ? ForEachIn(*id, kSession, take) : take(*id));
  if (texts.size() != 1 || texts[0].empty())
    return InvalidArg("expected \"session_id\" with a text, which --session-concurrency needs");
  set.session = std::move(texts[0]);
  if (const JsonValue* const pause = FindMember(step, kPause)) {
    ASSIGN_OR_RETURN(set.pause, ReadTime(*pause, kPause));
  }
  return {};
}

double Milliseconds(Nanoseconds time) { return std::chrono::duration<double, std::milli>(time).count(); }

// Of the files before, which one schedule is made of; 0 without.
Nanoseconds TimeOfLast(const std::vector<Stream>& streams) {
  return streams.empty() ? Nanoseconds(0) : streams.back().back().send_at.value_or(Nanoseconds(0));
}

Status ReadStep(const JsonValue& step, const ModelFacts& facts, const StepNeeds& needs, TensorSet& set) {
  const IsTensor is_tensor = TakesPayloads(facts) ? kPayload : needs.time ? kAllButTimes : kAll;
  RETURN_IF_ERROR(ReadTensors(step, facts.inputs, set.inputs, is_tensor));
  if (needs.time) {
    const JsonValue* const time = FindMember(step, kTime);
    if (time == nullptr) return InvalidArg("missing \"timestamp\", which --fixed-schedule needs");
    ASSIGN_OR_RETURN(set.send_at, ReadTime(*time, kTime));
  }
  if (needs.session) RETURN_IF_ERROR(ReadSession(step, set));
  for (const TensorFacts& input : facts.inputs) {
    const bool is_there = std::ranges::find(set.inputs, input.name, &Tensor::name) != set.inputs.end();
    if (!is_there && !input.is_optional) return InvalidArg("missing tensor {}", input.name);
  }
  return {};
}

// Calls `take` with each step of `data`, and where it stands: one stream of objects, or arrays of them.
template <typename Take>
Status ForEachStep(const JsonValue& data, std::string_view name, Take take) {
  if (!data.IsArray()) return InvalidArg("expected '{}' to be an array", name);
  const auto is_object = [](const JsonValue& value) { return value.IsObject(); };
  const auto is_array = [](const JsonValue& value) { return value.IsArray(); };
  const auto& values = data.GetArray();
  if (std::all_of(values.begin(), values.end(), is_object)) {
    for (size_t i = 0; i < values.Size(); i++)
      RETURN_IF_ERROR(take(Place{0, i}, values[static_cast<rapidjson::SizeType>(i)]));
    return {};
  }
  if (!std::all_of(values.begin(), values.end(), is_array))
    return InvalidArg("'{}' mixes objects and arrays: expected steps, or streams of steps", name);
  for (size_t i = 0; i < values.Size(); i++) {
    const JsonValue& steps = values[static_cast<rapidjson::SizeType>(i)];
    for (size_t k = 0; k < steps.Size(); k++)
      RETURN_IF_ERROR(take(Place{i, k}, steps[static_cast<rapidjson::SizeType>(k)]));
  }
  return {};
}

Status ReadExpected(const JsonValue& data, const ModelFacts& facts, std::vector<Stream>& streams) {
  size_t count = 0, steps = 0;
  for (const Stream& stream : streams) steps += stream.size();
  RETURN_IF_ERROR(ForEachStep(data, "validation_data", [&](const Place& place, const JsonValue& step) -> Status {
    count++;
    if (place.stream >= streams.size() || place.step >= streams[place.stream].size())
      return InvalidArg("validation_data has a step that data does not have {}", place.Text());
    const Status read = ReadTensors(step, facts.outputs, streams[place.stream][place.step].expected);
    return read.ok() ? read : InvalidArg("{} {}", read.message(), place.Text());
  }));
  if (count != steps) return InvalidArg("validation_data has {} steps, data has {}: expected as many", count, steps);
  return {};
}

}  // namespace

Status ReadInputJson(std::string_view text, const ModelFacts& facts, std::vector<Stream>& streams,
                     const StepNeeds& needs) {
  JsonDocument document;
  if (const Status parsed = document.Parse(text, HoldsElements); !parsed.ok())
    return InvalidArg("the file is no JSON: {}", parsed.message());
  const JsonValue& root = document.root();
  const JsonValue* const data = FindMember(root, "data");
  if (data == nullptr) return InvalidArg("The json file doesn't contain data field");
  std::vector<Stream> read;
  Nanoseconds last = TimeOfLast(streams);
  RETURN_IF_ERROR(ForEachStep(*data, "data", [&](const Place& place, const JsonValue& step) -> Status {
    read.resize(std::max(read.size(), place.stream + 1));
    TensorSet& set = read[place.stream].emplace_back();
    const Status done = ReadStep(step, facts, needs, set);
    if (!done.ok()) return InvalidArg("{} {}", done.message(), place.Text());
    if (set.send_at.value_or(last) < last)
      return InvalidArg(
          "expected steps in the order of their \"timestamp\", from file to file, too: got {:g} ms after {:g} ms {}",
          Milliseconds(*set.send_at), Milliseconds(last), place.Text());
    last = set.send_at.value_or(last);
    return {};
  }));
  const bool has_empty = std::ranges::any_of(read, [](const Stream& stream) { return stream.empty(); });
  if (read.empty() || has_empty) return InvalidArg("'data' has a stream without a step");
  if (const JsonValue* const expected = FindMember(root, "validation_data"))
    RETURN_IF_ERROR(ReadExpected(*expected, facts, read));
  streams.insert(streams.end(), std::make_move_iterator(read.begin()), std::make_move_iterator(read.end()));
  return {};
}

}  // namespace neso::perf
