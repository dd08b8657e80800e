// JSON where RapidJSON's behaviour is the contract: number formatting, escapes, error texts and offsets.
//
//   std::string body = "{\"error\":";
//   AppendJsonString(body, status.message());
//   body += '}';
//
//   JsonDocument document;
//   RETURN_IF_ERROR(document.Parse(text));
//   document.root()["name"] ...
//
// Every text of a client is read by JsonDocument, which bounds depth and size while it reads, before memory is spent.
#pragma once

#include <rapidjson/document.h>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <new>
#include <string>
#include <string_view>

#include "base/status.h"

namespace neso {

// Appends `text` quoted and escaped. Bytes above 0x7F pass as they are, valid UTF-8 or not: tensor elements are bytes.
void AppendJsonString(std::string& out, std::string_view text);
std::string JsonQuoted(std::string_view text);

// As json_double.h writes it.
void AppendJsonDouble(std::string& out, double value);
void AppendJsonInt(std::string& out, int64_t value);
void AppendJsonUint(std::string& out, uint64_t value);

// RapidJSON does not look at what malloc gives it, so this looks: what cannot be had is a std::bad_alloc.
class JsonAllocator {
 public:
  static const bool kNeedFree = true;
  void* Malloc(size_t size) { return size == 0 ? nullptr : Checked(std::malloc(size)); }
  void* Realloc(void* old, size_t /*old_size*/, size_t size) {
    if (size != 0) return Checked(std::realloc(old, size));
    std::free(old);
    return nullptr;
  }
  static void Free(void* memory) { std::free(memory); }

 private:
  static void* Checked(void* memory) {
    if (memory == nullptr) throw std::bad_alloc();
    return memory;
  }
};
using JsonPool = rapidjson::MemoryPoolAllocator<JsonAllocator>;
using JsonValue = rapidjson::GenericValue<rapidjson::UTF8<>, JsonPool>;

inline std::string_view JsonText(const JsonValue& value) { return {value.GetString(), value.GetStringLength()}; }

// Compact, no blanks.
std::string DumpJson(const JsonValue& value);

// How deep a text, and what stands in an array of elements, may nest.
inline constexpr int kMaxJsonNesting = 100;
// How many values, names of members included, a text may have outside of arrays of elements: as many as 10,000 inputs
// and 10,000 outputs of a request need, and more.
inline constexpr size_t kMaxJsonValues = 1'000'000;

// An array of elements: checked when its text was read, and kept as that text, since a value for each of its elements
// would take many times as much memory. json_elements.h reads it.
struct JsonElements {
  std::string_view text;  // a view into what was parsed
  size_t count = 0;       // of what stands in the array itself, not deeper
  bool checked = true;    // false, and no count: what stands in it has not been looked at, JsonDocument::ParseLazily
};

// A text and its values. Confined to one thread; neither copied nor moved, since a text of usual size needs no heap.
class JsonDocument {
 public:
  JsonDocument() : pool_(values_, sizeof(values_)) {}
  JsonDocument(const JsonDocument&) = delete;
  JsonDocument& operator=(const JsonDocument&) = delete;

  // Whether the array that is the member `name` of an object is one of elements; such arrays are ElementsOf's.
  using IsElements = bool (*)(std::string_view name);

  // Takes the words NaN, Inf and Infinity too; never recurses. Once.
  // Errors: kInternal "failed to parse the request JSON buffer: <RapidJSON's text> at <offset>"; kInvalidArg for what
  // nests too deep or has too many values; kUnavailable without memory.
  Status Parse(std::string_view text, IsElements is_elements = nullptr);

  // The same, but lets arrays of elements be that are numbers, it seems: looking at them twice is half of the work.
  // Each is to be read by ReadJsonElements, which finds out whether it is well formed, and NoteRead told. Check is to
  // be asked in the end, and before any other error is told or another reader used: an error of syntax comes first,
  // also in what nobody reads.
  Status ParseLazily(std::string_view text, IsElements is_elements);
  // An array that is not checked is well formed.
  void NoteRead() { --unchecked_; }
  // Parse's errors; looks only if there are arrays left that have not been read.
  Status Check();

  const JsonValue& root() const { return root_; }
  // Precondition: `array` is an array for which IsElements said yes.
  static JsonElements ElementsOf(const JsonValue& array);

 private:
  enum class Elements { kChecked, kLazy };
  template <typename StackAllocator>
  Status Read(std::string_view text, IsElements is_elements, Elements elements, StackAllocator& stacks);
  Status Parse(std::string_view text, IsElements is_elements, Elements elements);

  alignas(16) char values_[4096];
  JsonPool pool_;
  JsonValue root_;
  std::string_view text_;
  IsElements is_elements_ = nullptr;
  size_t unchecked_ = 0;  // arrays of elements
};

}  // namespace neso
