#include "command/infer/npy.h"

#include <algorithm>
#include <charconv>
#include <cstring>
#include <optional>

#include "base/text.h"
#include "client/text_elements.h"

namespace neso::command {
namespace {

constexpr std::string_view kMagic = "\x93NUMPY";
constexpr size_t kMostDimensions = 64;

struct Header {
  std::string descr;
  bool by_columns = false;
  Shape shape;
};

// What one element is.
struct Item {
  char kind = 0;    // NumPy's letter
  size_t size = 0;  // in bytes
  bool is_swapped = false;
  TRITONSERVER_DataType datatype = TRITONSERVER_TYPE_INVALID;
};

bool TakeSign(std::string_view& text, char sign) {
  text = TrimBlanks(text);
  if (!text.starts_with(sign)) return false;
  text.remove_prefix(1);
  return true;
}

std::optional<std::string_view> TakeQuoted(std::string_view& text) {
  text = TrimBlanks(text);
  if (text.empty() || (text[0] != '\'' && text[0] != '"')) return std::nullopt;
  const size_t end = text.find(text[0], 1);
  if (end == std::string_view::npos) return std::nullopt;
  const std::string_view quoted = text.substr(1, end - 1);
  text.remove_prefix(end + 1);
  return quoted;
}

std::optional<bool> TakeTruth(std::string_view& text) {
  text = TrimBlanks(text);
  for (const auto& [word, value] :
       {std::pair(std::string_view("True"), true), std::pair(std::string_view("False"), false)}) {
    if (!text.starts_with(word)) continue;
    text.remove_prefix(word.size());
    return value;
  }
  return std::nullopt;
}

// "(3, 4)", "(3,)", "()".
std::optional<Shape> TakeTuple(std::string_view& text) {
  if (!TakeSign(text, '(')) return std::nullopt;
  Shape shape;
  while (!TakeSign(text, ')')) {
    text = TrimBlanks(text);
    int64_t size = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), size);
    if (error != std::errc() || size < 0 || shape.size() == kMostDimensions) return std::nullopt;
    text.remove_prefix(static_cast<size_t>(end - text.data()));
    shape.push_back(size);
    if (!TakeSign(text, ',') && !TrimBlanks(text).starts_with(')')) return std::nullopt;
  }
  return shape;
}

// A dictionary of Python.
Expected<Header> ReadHeader(std::string_view text) {
  const Status bad = InvalidArg("expected the header of a .npy file, got '{}'", text.substr(0, 80));
  Header header;
  bool has_shape = false;
  if (!TakeSign(text, '{')) return bad;
  while (!TakeSign(text, '}')) {
    const auto key = TakeQuoted(text);
    if (!key || !TakeSign(text, ':')) return bad;
    if (*key == "descr") {
      if (TrimBlanks(text).starts_with('['))
        return Unsupported("an array of records: expected one of numbers or texts, such as array['field']");
      const auto descr = TakeQuoted(text);
      if (!descr) return bad;
      header.descr = *descr;
    } else if (*key == "fortran_order") {
      const auto truth = TakeTruth(text);
      if (!truth) return bad;
      header.by_columns = *truth;
    } else if (*key == "shape") {
      auto shape = TakeTuple(text);
      if (!shape) return bad;
      header.shape = *std::move(shape);
      has_shape = true;
    } else {
      return bad;
    }
    if (!TakeSign(text, ',') && !TrimBlanks(text).starts_with('}')) return bad;
  }
  if (header.descr.empty() || !has_shape) return bad;
  return header;
}

TRITONSERVER_DataType NumberType(char kind, size_t size) {
  switch (kind) {
    case 'b': return size == 1 ? TRITONSERVER_TYPE_BOOL : TRITONSERVER_TYPE_INVALID;
    case 'u':
    case 'i':
    case 'f': break;
    default: return TRITONSERVER_TYPE_INVALID;
  }
  const std::string name = fmt::format("{}{}", kind == 'u' ? "UINT" : kind == 'i' ? "INT" : "FP", size * 8);
  return FindDataType(name, &DataTypeFacts::name);
}

// "<f4"
Expected<Item> ReadDescr(const std::string& descr) {
  Item item;
  std::string_view rest = descr;
  if (!rest.empty() && std::string_view("<>|=").find(rest[0]) != std::string_view::npos) {
    item.is_swapped = rest[0] == '>';
    rest.remove_prefix(1);
  }
  const Status bad =
      Unsupported("dtype '{}': expected numbers, booleans, S or U{}", descr,
                  descr.find('O') != std::string::npos ? "; numpy.save(file, array.astype('S')) writes texts" : "");
  if (rest.size() < 2) return bad;
  item.kind = rest[0];
  rest.remove_prefix(1);
  const auto [end, error] = std::from_chars(rest.data(), rest.data() + rest.size(), item.size);
  if (error != std::errc() || end != rest.data() + rest.size() || item.size == 0 || item.size > (1U << 30)) return bad;
  if (item.kind == 'S' || item.kind == 'U') {
    item.datatype = TRITONSERVER_TYPE_BYTES;
    if (item.kind == 'U') item.size *= sizeof(char32_t);
    return item;
  }
  item.datatype = NumberType(item.kind, item.size);
  if (item.datatype == TRITONSERVER_TYPE_INVALID) return bad;
  return item;
}

// Where the element that stands at `index` by rows stands by columns.
size_t IndexByColumns(size_t index, const Shape& shape) {
  size_t stride = 1, place = 0;
  std::vector<size_t> strides(shape.size());
  for (size_t d = 0; d < shape.size(); d++) {
    strides[d] = stride;
    stride *= static_cast<size_t>(shape[d]);
  }
  for (size_t d = shape.size(); d-- > 0;) {
    const auto size = static_cast<size_t>(shape[d]);
    place += index % size * strides[d];
    index /= size;
  }
  return place;
}

void AppendUtf8(std::string& text, uint32_t character) {
  if (character < 0x80) {
    text += static_cast<char>(character);
  } else if (character < 0x800) {
    text += static_cast<char>(0xc0 | character >> 6);
    text += static_cast<char>(0x80 | (character & 0x3f));
  } else if (character < 0x10000) {
    text += static_cast<char>(0xe0 | character >> 12);
    text += static_cast<char>(0x80 | (character >> 6 & 0x3f));
    text += static_cast<char>(0x80 | (character & 0x3f));
  } else {
    text += static_cast<char>(0xf0 | (character >> 18 & 0x07));
    text += static_cast<char>(0x80 | (character >> 12 & 0x3f));
    text += static_cast<char>(0x80 | (character >> 6 & 0x3f));
    text += static_cast<char>(0x80 | (character & 0x3f));
  }
}

// NumPy fills texts up with zeros.
std::string TextOf(std::string_view bytes, const Item& item) {
  if (item.kind == 'S') return std::string(bytes.substr(0, bytes.find_last_not_of('\0') + 1));
  std::string text;
  size_t end = 0;
  for (size_t at = 0; at + sizeof(uint32_t) <= bytes.size(); at += sizeof(uint32_t)) {
    uint32_t character = 0;
    std::memcpy(&character, bytes.data() + at, sizeof(character));
    if (item.is_swapped) character = __builtin_bswap32(character);
    AppendUtf8(text, character);
    if (character != 0) end = text.size();
  }
  text.resize(end);
  return text;
}

void AppendElement(std::string& out, std::string_view bytes, const Item& item) {
  if (item.datatype == TRITONSERVER_TYPE_BYTES) {
    client::AppendText(out, TextOf(bytes, item));
  } else if (item.is_swapped) {
    out.append(bytes.rbegin(), bytes.rend());
  } else {
    out.append(bytes);
  }
}

// None: more than any file has.
std::optional<size_t> CountOf(const Shape& shape, size_t most) {
  size_t count = 1;
  if (std::ranges::find(shape, 0) != shape.end()) return 0;
  for (const int64_t size : shape) {
    if (__builtin_mul_overflow(count, static_cast<size_t>(size), &count) || count > most) return std::nullopt;
  }
  return count;
}

}  // namespace

bool IsNpy(std::string_view bytes) { return bytes.starts_with(kMagic); }

Expected<Tensor> ReadNpy(std::string_view bytes) {
  constexpr size_t kVersionBytes = 2;
  if (!IsNpy(bytes) || bytes.size() < kMagic.size() + kVersionBytes + sizeof(uint16_t))
    return InvalidArg("expected a .npy file");
  const int version = static_cast<unsigned char>(bytes[kMagic.size()]);
  if (version < 1 || version > 3) return Unsupported("version {} of the format .npy: expected 1 to 3", version);
  bytes.remove_prefix(kMagic.size() + kVersionBytes);
  uint32_t header_size = 0;
  const size_t length_size = version == 1 ? sizeof(uint16_t) : sizeof(uint32_t);
  if (bytes.size() < length_size) return InvalidArg("expected a .npy file, got the beginning of one");
  std::memcpy(&header_size, bytes.data(), length_size);
  bytes.remove_prefix(length_size);
  if (header_size > bytes.size()) return InvalidArg("expected a .npy file, got the beginning of one");
  ASSIGN_OR_RETURN(Header header, ReadHeader(bytes.substr(0, header_size)));
  bytes.remove_prefix(header_size);
  ASSIGN_OR_RETURN(const Item item, ReadDescr(header.descr));
  const std::optional<size_t> count = CountOf(header.shape, bytes.size() / item.size);
  if (!count)
    return InvalidArg("expected as many elements as the shape says, got {}: is the file whole?",
                      bytes.size() / item.size);

  Tensor tensor{.datatype = item.datatype, .shape = std::move(header.shape)};
  const bool is_plain = item.datatype != TRITONSERVER_TYPE_BYTES && !item.is_swapped && !header.by_columns;
  if (is_plain) {
    tensor.bytes = bytes.substr(0, *count * item.size);
    return tensor;
  }
  for (size_t i = 0; i < *count; i++) {
    const size_t place = header.by_columns ? IndexByColumns(i, tensor.shape) : i;
    AppendElement(tensor.bytes, bytes.substr(place * item.size, item.size), item);
  }
  return tensor;
}

Expected<std::string> WriteNpy(const Tensor& tensor) {
  std::string descr, data;
  switch (tensor.datatype) {
    case TRITONSERVER_TYPE_BYTES: {
      ASSIGN_OR_RETURN(const std::vector<std::string_view> texts, client::TextsIn(tensor.bytes));
      size_t width = 1;
      for (const std::string_view text : texts) width = std::max(width, text.size());
      for (const std::string_view text : texts) data.append(text).append(width - text.size(), '\0');
      descr = fmt::format("|S{}", width);
      break;
    }
    case TRITONSERVER_TYPE_BF16: {
      ASSIGN_OR_RETURN(Tensor wider, Convert(tensor, TRITONSERVER_TYPE_FP32));
      data = std::move(wider.bytes);
      descr = "<f4";
      break;
    }
    case TRITONSERVER_TYPE_BOOL: descr = "|b1"; break;
    default: {
      const std::string_view name = tensor.TypeName();
      const char kind = name.starts_with("UINT") ? 'u' : name.starts_with("INT") ? 'i' : 'f';
      const uint32_t size = FactsOfDataType(tensor.datatype).byte_size;
      descr = fmt::format("{}{}{}", size == 1 ? '|' : '<', kind, size);
    }
  }
  std::string shape;
  for (const int64_t size : tensor.shape) shape += fmt::format("{},", size);
  std::string header = fmt::format("{{'descr': '{}', 'fortran_order': False, 'shape': ({}), }}", descr, shape);
  // The data begin at a multiple of 64 bytes.
  constexpr size_t kAlign = 64;
  const size_t before = kMagic.size() + 2 + sizeof(uint16_t);
  header.append(kAlign - 1 - (before + header.size()) % kAlign, ' ') += '\n';
  const auto size = static_cast<uint16_t>(header.size());
  std::string file(kMagic);
  file.append({'\1', '\0', static_cast<char>(size & 0xff), static_cast<char>(size >> 8)}).append(header);
  return file + (data.empty() ? tensor.bytes : data);
}

}  // namespace neso::command
