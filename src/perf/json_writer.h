// Writes an object of JSON, member by member.
//
//   JsonWriter json;
//   json.Text("model", "digits");
//   json.Object("latency_us", [&] { json.Number("p99", 812.5); });
//   json.Array("results", results, [&](const Result& result) { json.Count("request_count", result.requests); });
//   SayJson(json.Finish());
#pragma once

#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

#include <cstdint>
#include <string>
#include <string_view>

namespace neso::perf {

// Confined to a thread.
class JsonWriter {
 public:
  JsonWriter() { writer_.StartObject(); }
  JsonWriter(const JsonWriter&) = delete;
  JsonWriter& operator=(const JsonWriter&) = delete;

  void Text(std::string_view name, std::string_view text) {
    Name(name);
    writer_.String(text.data(), static_cast<rapidjson::SizeType>(text.size()));
  }
  // Precondition: it is finite.
  void Number(std::string_view name, double number) {
    Name(name);
    writer_.Double(number);
  }
  void Count(std::string_view name, uint64_t count) {
    Name(name);
    writer_.Uint64(count);
  }
  void Flag(std::string_view name, bool is_so) {
    Name(name);
    writer_.Bool(is_so);
  }
  void Null(std::string_view name) {
    Name(name);
    writer_.Null();
  }
  // Of what `fill` adds.
  template <typename Fill>
  void Object(std::string_view name, Fill fill) {
    Name(name);
    writer_.StartObject();
    fill();
    writer_.EndObject();
  }
  // Of an object for each item, of what `fill` adds for it.
  template <typename Items, typename Fill>
  void Array(std::string_view name, const Items& items, Fill fill) {
    Name(name);
    writer_.StartArray();
    for (const auto& item : items) {
      writer_.StartObject();
      fill(item);
      writer_.EndObject();
    }
    writer_.EndArray();
  }

  // Its text, in which texts stand as they are. Once.
  std::string Finish() {
    writer_.EndObject();
    return {buffer_.GetString(), buffer_.GetSize()};
  }

 private:
  void Name(std::string_view name) { writer_.Key(name.data(), static_cast<rapidjson::SizeType>(name.size())); }

  rapidjson::StringBuffer buffer_;
  rapidjson::Writer<rapidjson::StringBuffer> writer_{buffer_};
};

}  // namespace neso::perf
