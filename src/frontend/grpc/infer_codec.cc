#include "frontend/grpc/infer_codec.h"

#include <algorithm>

#include "base/utf8.h"
#include "frontend/grpc/wire_reader.h"

namespace neso {
namespace {

constexpr size_t kUsualDims = 4;

constexpr uint32_t Varint(uint32_t field) { return WireTag(field, WireType::kVarint); }
constexpr uint32_t Bytes(uint32_t field) { return WireTag(field, WireType::kBytes); }

bool ReadText(WireReader& reader, std::string_view& text) { return reader.ReadBytes(text) && IsUtf8(text); }

// Calls `read(tag, reader)` for every field of `message`; it answers kNo for fields it does not know, which are
// skipped.
enum class Read : uint8_t { kFailed, kDone, kNo };
Read ReadIf(bool done) { return done ? Read::kDone : Read::kFailed; }
template <typename Fn>
bool ForEachField(std::string_view message, int depth, Fn read) {
  if (depth < 0) return false;
  WireReader reader(message);
  while (!reader.AtEnd()) {
    uint32_t tag = 0;
    if (!reader.ReadTag(tag)) return false;
    switch (read(tag, reader)) {
      case Read::kDone: break;
      case Read::kFailed: return false;
      case Read::kNo:
        if (!reader.Skip(tag, depth)) return false;
    }
  }
  return true;
}

bool ParseValue(std::string_view message, int depth, WireValue& value) {
  return ForEachField(message, depth, [&value](uint32_t tag, WireReader& reader) {
    uint64_t number = 0;
    double real = 0;
    std::string_view text;
    switch (tag) {
      case Varint(1):
        if (!reader.ReadVarint(number)) return Read::kFailed;
        value = number != 0;
        return Read::kDone;
      case Varint(2):
        if (!reader.ReadVarint(number)) return Read::kFailed;
        value = static_cast<int64_t>(number);
        return Read::kDone;
      case Bytes(3):
        if (!ReadText(reader, text)) return Read::kFailed;
        value = text;
        return Read::kDone;
      case WireTag(4, WireType::kFixed64):
        if (!reader.ReadFixed(real)) return Read::kFailed;
        value = real;
        return Read::kDone;
      case Varint(5):
        if (!reader.ReadVarint(number)) return Read::kFailed;
        value = number;
        return Read::kDone;
      default: return Read::kNo;
    }
  });
}

// Counts one more, and tells whether it is still within the limit.
bool Count(size_t& count, size_t limit) { return ++count <= limit; }

bool SkipBytes(WireReader& reader) {
  std::string_view skipped;
  return reader.ReadBytes(skipped);
}

bool ParseParameter(WireReader& reader, int depth, WireParameters& parameters) {
  std::string_view entry;
  if (!reader.ReadBytes(entry)) return false;
  WireParameter parameter;
  const bool done = ForEachField(entry, depth, [&](uint32_t tag, WireReader& fields) {
    if (tag == Bytes(1)) return ReadIf(ReadText(fields, parameter.name));
    if (tag != Bytes(2)) return Read::kNo;
    std::string_view value;
    return ReadIf(fields.ReadBytes(value) && ParseValue(value, depth - 1, parameter.value));
  });
  if (done) parameters.push_back(parameter);
  return done;
}

// The last entry of a name counts.
void DropRepeated(WireParameters& parameters) {
  if (parameters.size() < 2) return;
  std::stable_sort(parameters.begin(), parameters.end(), [](const auto& a, const auto& b) { return a.name < b.name; });
  const auto kept = std::unique(parameters.rbegin(), parameters.rend(),
                                [](const auto& a, const auto& b) { return a.name == b.name; });
  parameters.erase(parameters.begin(), kept.base());
}

// Numbers, packed or one by one.
template <typename Fn>
Read ReadVarints(uint32_t tag, uint32_t field, WireReader& reader, Fn take) {
  uint64_t number = 0;
  if (tag == Varint(field)) {
    if (!reader.ReadVarint(number)) return Read::kFailed;
    take(number);
    return Read::kDone;
  }
  if (tag != Bytes(field)) return Read::kNo;
  std::string_view packed;
  if (!reader.ReadBytes(packed)) return Read::kFailed;
  for (WireReader numbers(packed); !numbers.AtEnd();) {
    if (!numbers.ReadVarint(number)) return Read::kFailed;
    take(number);
  }
  return Read::kDone;
}

// `take` gets the bytes of one or more numbers of type T.
template <typename T, typename Fn>
Read ReadFixeds(uint32_t tag, uint32_t field, WireReader& reader, Fn take) {
  constexpr WireType kType = sizeof(T) == 4 ? WireType::kFixed32 : WireType::kFixed64;
  if (tag == WireTag(field, kType)) {
    T number;
    if (!reader.ReadFixed(number)) return Read::kFailed;
    take(std::string_view(reinterpret_cast<const char*>(&number), sizeof(T)));
    return Read::kDone;
  }
  if (tag != Bytes(field)) return Read::kNo;
  std::string_view packed;
  if (!reader.ReadBytes(packed) || packed.size() % sizeof(T) != 0) return Read::kFailed;
  take(packed);
  return Read::kDone;
}

// The fields of an InferTensorContents of `kind` given to `take`: numbers as uint64_t, all others as bytes.
template <typename Fn>
Read ReadElements(ContentsKind kind, uint32_t tag, WireReader& reader, Fn take) {
  const uint32_t field = static_cast<uint32_t>(kind);
  const auto take_number = [&take](uint64_t number) { take(number, std::string_view()); };
  const auto take_bytes = [&take](std::string_view bytes) { take(uint64_t{0}, bytes); };
  switch (kind) {
    case ContentsKind::kFp32: return ReadFixeds<float>(tag, field, reader, take_bytes);
    case ContentsKind::kFp64: return ReadFixeds<double>(tag, field, reader, take_bytes);
    case ContentsKind::kBytes: {
      if (tag != Bytes(field)) return Read::kNo;
      std::string_view bytes;
      if (!reader.ReadBytes(bytes)) return Read::kFailed;
      take_bytes(bytes);
      return Read::kDone;
    }
    default: return ReadVarints(tag, field, reader, take_number);
  }
}

// Of a tensor.
bool ParseParameter(WireReader& reader, int depth, WireParameters& parameters, size_t& fields) {
  return Count(fields, kMaxWireFields) ? ParseParameter(reader, depth, parameters) : SkipBytes(reader);
}

bool ParseContents(WireReader& reader, int depth, std::optional<WireContents>& given, size_t& fields) {
  std::string_view message;
  if (!reader.ReadBytes(message)) return false;
  if (!Count(fields, kMaxWireFields)) return true;
  WireContents& contents = given ? *given : given.emplace();
  contents.pieces.push_back(message);
  return ForEachField(message, depth, [&contents](uint32_t tag, WireReader& fields) {
    const uint32_t field = tag >> 3;
    if (field >= kContentsKinds) return Read::kNo;
    const ContentsKind kind = static_cast<ContentsKind>(field);
    return ReadElements(kind, tag, fields, [&contents, kind](uint64_t, std::string_view bytes) {
      uint64_t& count = contents.counts[static_cast<size_t>(kind)];
      if (kind == ContentsKind::kFp32) {
        count += bytes.size() / sizeof(float);
      } else if (kind == ContentsKind::kFp64) {
        count += bytes.size() / sizeof(double);
      } else {
        ++count;
        contents.text_bytes += bytes.size();
      }
    });
  });
}

bool ParseInput(WireReader& reader, int depth, WireInput& input, size_t& field_count) {
  std::string_view message;
  if (!reader.ReadBytes(message)) return false;
  const bool done = ForEachField(message, depth, [&](uint32_t tag, WireReader& fields) {
    switch (tag) {
      case Bytes(1): return ReadIf(ReadText(fields, input.name));
      case Bytes(2): return ReadIf(ReadText(fields, input.datatype));
      case Bytes(4): return ReadIf(ParseParameter(fields, depth - 1, input.parameters, field_count));
      case Bytes(5): return ReadIf(ParseContents(fields, depth - 1, input.contents, field_count));
      default:
        if (tag >> 3 == 3 && input.shape.empty()) input.shape.reserve(kUsualDims);
        return ReadVarints(tag, 3, fields, [&](uint64_t dim) {
          if (Count(field_count, kMaxWireFields)) input.shape.push_back(static_cast<int64_t>(dim));
        });
    }
  });
  DropRepeated(input.parameters);
  return done;
}

bool ParseOutput(WireReader& reader, int depth, WireOutput& output, size_t& field_count) {
  std::string_view message;
  if (!reader.ReadBytes(message)) return false;
  const bool done = ForEachField(message, depth, [&](uint32_t tag, WireReader& fields) {
    switch (tag) {
      case Bytes(1): return ReadIf(ReadText(fields, output.name));
      case Bytes(2): return ReadIf(ParseParameter(fields, depth - 1, output.parameters, field_count));
      default: return Read::kNo;
    }
  });
  DropRepeated(output.parameters);
  return done;
}

// A tensor element of a number: its low `width` bytes (the machine is little-endian), a BOOL as 0 or 1.
char* WriteNumber(ContentsKind kind, uint64_t number, size_t width, char* out) {
  if (kind == ContentsKind::kBool) number = number != 0;
  std::memcpy(out, &number, width);
  return out + width;
}

}  // namespace

const WireValue* FindParameter(const WireParameters& parameters, std::string_view name) {
  const auto found =
      std::find_if(parameters.begin(), parameters.end(), [name](const auto& p) { return p.name == name; });
  return found == parameters.end() ? nullptr : &found->value;
}

bool ParseInferRequest(std::string_view message, WireInferRequest& request) {
  constexpr int kInner = kMaxWireDepth - 1;
  RequestCounts& counts = request.counts;
  const bool done = ForEachField(message, kMaxWireDepth, [&](uint32_t tag, WireReader& fields) {
    switch (tag) {
      case Bytes(1): return ReadIf(ReadText(fields, request.model_name));
      case Bytes(2): return ReadIf(ReadText(fields, request.model_version));
      case Bytes(3): return ReadIf(ReadText(fields, request.id));
      case Bytes(4):
        if (!Count(counts.parameters, kMaxRequestParameters)) return ReadIf(SkipBytes(fields));
        return ReadIf(ParseParameter(fields, kInner, request.parameters));
      case Bytes(5):
        if (!Count(counts.inputs, kMaxRequestTensors)) return ReadIf(SkipBytes(fields));
        return ReadIf(ParseInput(fields, kInner, request.inputs.emplace_back(), request.fields));
      case Bytes(6):
        if (!Count(counts.outputs, kMaxRequestTensors)) return ReadIf(SkipBytes(fields));
        return ReadIf(ParseOutput(fields, kInner, request.outputs.emplace_back(), request.fields));
      case Bytes(7):
        // Those beyond the number of inputs are ignored anyway.
        if (request.raw_contents.size() == kMaxRequestTensors) return ReadIf(SkipBytes(fields));
        return ReadIf(fields.ReadBytes(request.raw_contents.emplace_back()));
      default: return Read::kNo;
    }
  });
  DropRepeated(request.parameters);
  return done;
}

uint64_t ContentsBytes(const WireContents& contents, ContentsKind kind, size_t width) {
  const uint64_t count = contents.count(kind);
  return kind == ContentsKind::kBytes ? count * sizeof(uint32_t) + contents.text_bytes : count * width;
}

void WriteContents(const WireContents& contents, ContentsKind kind, size_t width, char* out) {
  for (const std::string_view piece : contents.pieces) {
    ForEachField(piece, kMaxWireDepth, [&out, kind, width](uint32_t tag, WireReader& fields) {
      return ReadElements(kind, tag, fields, [&out, kind, width](uint64_t number, std::string_view bytes) {
        if (kind < ContentsKind::kFp32) {
          out = WriteNumber(kind, number, width, out);
          return;
        }
        if (kind == ContentsKind::kBytes) out = WriteNumber(kind, bytes.size(), sizeof(uint32_t), out);
        std::copy(bytes.begin(), bytes.end(), out);
        out += bytes.size();
      });
    });
  }
}

}  // namespace neso
