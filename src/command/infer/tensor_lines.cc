#include "command/infer/tensor_lines.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/json.h"
#include "base/utf8.h"
#include "client/numbers.h"
#include "client/text_elements.h"

namespace neso::command {
namespace {

// The values one after the other, as text; those beyond `most` of a row or of the rows are not made.
class Values {
 public:
  static Expected<Values> Of(const Tensor& tensor) {
    Values values(tensor);
    if (tensor.datatype == TRITONSERVER_TYPE_INVALID) return Internal("output '{}' has no datatype", tensor.name);
    if (tensor.datatype == TRITONSERVER_TYPE_BYTES) {
      ASSIGN_OR_RETURN(values.texts_, client::TextsIn(tensor.bytes));
    }
    return values;
  }

  size_t size() const {
    const size_t width = FactsOfDataType(tensor_->datatype).byte_size;
    return width == 0 ? texts_.size() : tensor_->bytes.size() / width;
  }
  std::string At(size_t i) const {
    const size_t width = FactsOfDataType(tensor_->datatype).byte_size;
    if (width == 0) return JsonQuoted(ToUtf8(texts_[i]));
    return client::NumberText(tensor_->datatype,
                              client::NumberAt(tensor_->datatype, tensor_->bytes.data() + i * width));
  }

 private:
  explicit Values(const Tensor& tensor) : tensor_(&tensor) {}

  const Tensor* tensor_;
  std::vector<std::string_view> texts_;
};

}  // namespace

Expected<std::string> TensorLines(const Tensor& tensor, size_t most) {
  ASSIGN_OR_RETURN(const Values values, Values::Of(tensor));
  std::string text = fmt::format("{} {} {}\n", tensor.name, tensor.TypeName(), ShapeText(tensor.shape));
  const size_t in_row = tensor.shape.empty() ? 1 : static_cast<size_t>(std::max<int64_t>(1, tensor.shape.back()));
  const size_t rows = (values.size() + in_row - 1) / in_row;
  for (size_t row = 0; row < std::min(rows, most); row++) {
    text += " ";
    const size_t end = std::min(values.size(), (row + 1) * in_row);
    for (size_t i = row * in_row; i < std::min(end, row * in_row + std::min(in_row, most)); i++)
      text += " " + values.At(i);
    text += in_row > most ? " ...\n" : "\n";
  }
  if (rows > most) text += fmt::format("  ... {} rows more\n", rows - most);
  return text;
}

}  // namespace neso::command
