#include "config/json.h"

#include <google/protobuf/descriptor.h>
#include <google/protobuf/message.h>
#include <rapidjson/reader.h>
#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdlib>
#include <string_view>
#include <tuple>
#include <vector>

#include "base/utf8.h"

namespace neso {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;
using Writer = rapidjson::Writer<rapidjson::StringBuffer>;

// 64-bit integers that clients get as strings, as protobuf's JSON form has them all; the others became numbers early in
// the protocol's life, these were added later.
constexpr std::array<std::string_view, 3> kStringIntegers = {
    "inference.ModelSequenceBatching.InitialState.dims",
    "inference.ModelOptimizationPolicy.Cuda.GraphSpec.Shape.dim",
    "inference.ModelInstanceGroup.SecondaryDevice.device_id",
};

bool StaysString(const FieldDescriptor& field) {
  return std::find(kStringIntegers.begin(), kStringIntegers.end(), field.full_name()) != kStringIntegers.end();
}

void WriteString(std::string_view text, Writer& writer) {
  if (std::all_of(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) < 0x80; })) {
    writer.String(text.data(), static_cast<rapidjson::SizeType>(text.size()));
  } else {
    writer.String(OnlyUtf8(text));
  }
}

// Clients get numbers that went through two printers: protobuf's, with the fewest of `digits` or `exact_digits` that
// read back the same, and RapidJSON's, which reads that text again ("1" is an integer, "1e+06" becomes 1000000.0).
template <typename Float>
void WriteFloat(Float value, int digits, int exact_digits, Writer& writer) {
  if (std::isnan(value)) return static_cast<void>(writer.String("NaN"));
  if (std::isinf(value)) return static_cast<void>(writer.String(value > 0 ? "Infinity" : "-Infinity"));
  std::string text = fmt::format("{:.{}g}", value, digits);
  // Reading a subnormal back reports a range error, which protobuf takes for a difference.
  const bool exact =
      static_cast<Float>(std::strtod(text.c_str(), nullptr)) == value && std::fpclassify(value) != FP_SUBNORMAL;
  if (!exact) text = fmt::format("{:.{}g}", value, exact_digits);
  rapidjson::Reader reader;
  rapidjson::StringStream stream(text.c_str());
  // The largest numbers overflow in that reader.
  if (reader.Parse(stream, writer).IsError()) writer.Double(value);
}

void WriteInteger(int64_t value, bool as_string, Writer& writer) {
  as_string ? writer.String(std::to_string(value)) : writer.Int64(value);
}

void WriteEnum(const google::protobuf::EnumDescriptor& type, int number, Writer& writer) {
  const google::protobuf::EnumValueDescriptor* value = type.FindValueByNumber(number);
  value != nullptr ? WriteString(value->name(), writer) : static_cast<void>(writer.Int(number));
}

void WriteMessage(const Message& message, Writer& writer);

// One value: of a singular field when `index` is -1, else element `index` of a repeated one.
void WriteValue(const Message& message, const FieldDescriptor* field, int index, Writer& writer) {
  const Reflection& r = *message.GetReflection();
  const bool repeated = index >= 0;
  switch (field->cpp_type()) {
    case FieldDescriptor::CPPTYPE_INT32:
      writer.Int(repeated ? r.GetRepeatedInt32(message, field, index) : r.GetInt32(message, field));
      break;
    case FieldDescriptor::CPPTYPE_UINT32:
      writer.Uint(repeated ? r.GetRepeatedUInt32(message, field, index) : r.GetUInt32(message, field));
      break;
    case FieldDescriptor::CPPTYPE_INT64:
      WriteInteger(repeated ? r.GetRepeatedInt64(message, field, index) : r.GetInt64(message, field),
                   StaysString(*field), writer);
      break;
    case FieldDescriptor::CPPTYPE_UINT64:
      writer.Uint64(repeated ? r.GetRepeatedUInt64(message, field, index) : r.GetUInt64(message, field));
      break;
    case FieldDescriptor::CPPTYPE_FLOAT:
      WriteFloat(repeated ? r.GetRepeatedFloat(message, field, index) : r.GetFloat(message, field), 6, 9, writer);
      break;
    case FieldDescriptor::CPPTYPE_DOUBLE:
      WriteFloat(repeated ? r.GetRepeatedDouble(message, field, index) : r.GetDouble(message, field), 15, 17, writer);
      break;
    case FieldDescriptor::CPPTYPE_BOOL:
      writer.Bool(repeated ? r.GetRepeatedBool(message, field, index) : r.GetBool(message, field));
      break;
    case FieldDescriptor::CPPTYPE_ENUM:
      WriteEnum(*field->enum_type(),
                repeated ? r.GetRepeatedEnumValue(message, field, index) : r.GetEnumValue(message, field), writer);
      break;
    case FieldDescriptor::CPPTYPE_STRING: {
      std::string scratch;
      WriteString(repeated ? r.GetRepeatedStringReference(message, field, index, &scratch)
                           : r.GetStringReference(message, field, &scratch),
                  writer);
      break;
    }
    case FieldDescriptor::CPPTYPE_MESSAGE:
      WriteMessage(repeated ? r.GetRepeatedMessage(message, field, index) : r.GetMessage(message, field), writer);
      break;
  }
}

// Keys of the schema's maps are strings and unsigned numbers only.
void WriteMap(const Message& message, const FieldDescriptor* field, Writer& writer) {
  const Reflection& r = *message.GetReflection();
  const FieldDescriptor* key = field->message_type()->map_key();
  const FieldDescriptor* value = field->message_type()->map_value();
  std::vector<std::tuple<uint64_t, std::string, int>> entries;  // ordered by number, or by text
  for (int i = 0; i < r.FieldSize(message, field); ++i) {
    const Message& entry = r.GetRepeatedMessage(message, field, i);
    const Reflection& er = *entry.GetReflection();
    if (key->cpp_type() == FieldDescriptor::CPPTYPE_STRING) {
      entries.emplace_back(0, OnlyUtf8(er.GetString(entry, key)), i);
    } else {
      const uint64_t number = er.GetUInt64(entry, key);
      entries.emplace_back(number, std::to_string(number), i);
    }
  }
  std::sort(entries.begin(), entries.end());
  writer.StartObject();
  for (const auto& [number, text, index] : entries) {
    writer.Key(text.data(), static_cast<rapidjson::SizeType>(text.size()));
    WriteValue(r.GetRepeatedMessage(message, field, index), value, -1, writer);
  }
  writer.EndObject();
}

void WriteArray(const Message& message, const FieldDescriptor* field, Writer& writer) {
  const int size = message.GetReflection()->FieldSize(message, field);
  writer.StartArray();
  for (int i = 0; i < size; ++i) WriteValue(message, field, i, writer);
  writer.EndArray();
}

void WriteMessage(const Message& message, Writer& writer) {
  const google::protobuf::Descriptor& type = *message.GetDescriptor();
  writer.StartObject();
  for (int i = 0; i < type.field_count(); ++i) {
    const FieldDescriptor* field = type.field(i);
    // Messages and members of a oneof know whether they are set, other fields always have a value.
    if (field->has_presence() && !message.GetReflection()->HasField(message, field)) continue;
    writer.Key(field->name().data(), static_cast<rapidjson::SizeType>(field->name().size()));
    if (field->is_map()) {
      WriteMap(message, field, writer);
    } else if (field->is_repeated()) {
      WriteArray(message, field, writer);
    } else {
      WriteValue(message, field, -1, writer);
    }
  }
  writer.EndObject();
}

}  // namespace

std::string ModelConfigToJson(const inference::ModelConfig& config) {
  rapidjson::StringBuffer buffer;
  Writer writer(buffer);
  WriteMessage(config, writer);
  return {buffer.GetString(), buffer.GetSize()};
}

Status CheckConfigVersion(uint32_t config_version) {
  if (config_version == 1) return {};
  return InvalidArg("model configuration version {} not supported, supported versions are: 1", config_version);
}

}  // namespace neso
