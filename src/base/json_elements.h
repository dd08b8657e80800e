// Reads an array of elements from its text, scalar by scalar, without keeping any.
//
//   RETURN_IF_ERROR(ForEachJsonElement(elements.text, [&](const JsonValue& element) -> Status { ... }));
#pragma once

#include <rapidjson/encodedstream.h>
#include <rapidjson/memorystream.h>
#include <rapidjson/reader.h>

#include "base/json.h"

namespace neso {

// Gives a function every scalar, however deep it stands, in order. An object, which is no element, is given as an empty
// one, which the function must refuse.
template <typename Function>
class JsonElementReader {
 public:
  explicit JsonElementReader(Function& element) : element_(element) {}
  Status& status() { return status_; }

  bool Null() { return Give(JsonValue()); }
  bool Bool(bool value) { return Give(JsonValue(value)); }
  bool Int(int value) { return Give(JsonValue(value)); }
  bool Uint(unsigned value) { return Give(JsonValue(value)); }
  bool Int64(int64_t value) { return Give(JsonValue(value)); }
  bool Uint64(uint64_t value) { return Give(JsonValue(value)); }
  bool Double(double value) { return Give(JsonValue(value)); }
  bool String(const char* text, rapidjson::SizeType size, bool /*copy*/) {
    return Give(JsonValue(rapidjson::StringRef(text, size)));
  }
  bool RawNumber(const char*, rapidjson::SizeType, bool) { return false; }
  bool StartObject() { return Give(JsonValue(rapidjson::kObjectType)); }
  bool Key(const char*, rapidjson::SizeType, bool) { return true; }
  bool EndObject(rapidjson::SizeType) { return true; }
  bool StartArray() { return true; }
  bool EndArray(rapidjson::SizeType) { return true; }

 private:
  bool Give(const JsonValue& value) {
    status_ = element_(value);
    return status_.ok();
  }

  Function& element_;
  Status status_;
};

// `array` is the text of JsonElements, which was found to be well formed. The first error of `element` ends it.
template <typename Function>
Status ForEachJsonElement(std::string_view array, Function&& element) {
  alignas(16) char stack[512];
  JsonPool stacks(stack, sizeof(stack));
  rapidjson::MemoryStream bytes(array.data(), array.size());
  rapidjson::EncodedInputStream<rapidjson::UTF8<>, rapidjson::MemoryStream> stream(bytes);
  rapidjson::GenericReader<rapidjson::UTF8<>, rapidjson::UTF8<>, JsonPool> reader(&stacks, 256);
  JsonElementReader<std::remove_reference_t<Function>> handler(element);
  reader.template Parse<rapidjson::kParseNanAndInfFlag | rapidjson::kParseIterativeFlag>(stream, handler);
  return std::move(handler.status());
}

}  // namespace neso
