#include "command/infer/image.h"

#include <stb/stb_image.h>
#include <stb/stb_image_resize.h>

#include <array>
#include <memory>
#include <optional>
#include <vector>

#include "client/numbers.h"
#include "client/text_elements.h"

namespace neso::command {
namespace {

constexpr int kMostSide = 16'384;

struct Picture {
  int width = 0, height = 0, channels = 0;
  std::vector<unsigned char> colours{};  // by rows, the channels of a point together
};

// What an input wants; -1 for any size.
struct Form {
  int64_t height = -1, width = -1, channels = 1;
  bool channels_first = false;
  bool has_channels = true;
};

bool IsColours(int64_t size) { return size == 1 || size == 3 || size == 4; }

Expected<Form> FormOf(const TensorFacts& input, bool batches) {
  const Shape dims(input.shape.begin() + (batches && !input.shape.empty() ? 1 : 0), input.shape.end());
  const Status none =
      InvalidArg("takes no picture: expected shape [height,width,3] or [3,height,width] behind the batch, got {}",
                 ShapeText(dims));
  // A model that does not batch may have a first dimension that is one.
  const size_t first = dims.size() == 4 && (dims[0] == 1 || dims[0] == -1) ? 1 : 0;
  const Shape form(dims.begin() + static_cast<ptrdiff_t>(first), dims.end());
  if (form.size() == 2) return Form{.height = form[0], .width = form[1], .has_channels = false};
  if (form.size() != 3) return none;
  const bool first_is = IsColours(form[0]) || form[0] == -1;
  const bool last_is = IsColours(form[2]) || form[2] == -1;
  const bool is_first = input.layout == ImageLayout::kChannelsFirst ||
                        (input.layout == ImageLayout::kUnsaid && IsColours(form[0]) && !IsColours(form[2]));
  if (is_first ? !first_is : !last_is) return none;
  const int64_t channels = is_first ? form[0] : form[2];
  return Form{.height = is_first ? form[1] : form[0],
              .width = is_first ? form[2] : form[1],
              .channels = channels == -1 ? 3 : channels,
              .channels_first = is_first};
}

struct FreePicture {
  void operator()(stbi_uc* colours) const { stbi_image_free(colours); }
};

Expected<Picture> Decode(std::string_view bytes, int64_t channels) {
  const auto* const data = reinterpret_cast<const stbi_uc*>(bytes.data());
  Picture picture{.channels = static_cast<int>(channels)};
  int own = 0;
  if (stbi_info_from_memory(data, static_cast<int>(bytes.size()), &picture.width, &picture.height, &own) == 0)
    return InvalidArg("the picture cannot be read: {}", stbi_failure_reason());
  if (picture.width > kMostSide || picture.height > kMostSide)
    return InvalidArg("a picture of {} by {} points: expected at most {} each", picture.width, picture.height,
                      kMostSide);
  const std::unique_ptr<stbi_uc, FreePicture> colours(stbi_load_from_memory(
      data, static_cast<int>(bytes.size()), &picture.width, &picture.height, &own, picture.channels));
  if (colours == nullptr) return InvalidArg("the picture cannot be read: {}", stbi_failure_reason());
  const size_t size = size_t(picture.width) * size_t(picture.height) * size_t(picture.channels);
  picture.colours.assign(colours.get(), colours.get() + size);
  return picture;
}

Expected<Picture> Resize(const Picture& picture, int64_t width, int64_t height) {
  if (width < 1 || height < 1 || width > kMostSide || height > kMostSide)
    return InvalidArg("takes pictures of {} by {} points: expected at most {} each", width, height, kMostSide);
  Picture made{.width = static_cast<int>(width), .height = static_cast<int>(height), .channels = picture.channels};
  made.colours.resize(size_t(made.width) * size_t(made.height) * size_t(made.channels));
  const int done =
      stbir_resize_uint8_generic(picture.colours.data(), picture.width, picture.height, 0, made.colours.data(),
                                 made.width, made.height, 0, made.channels, STBIR_ALPHA_CHANNEL_NONE, 0,
                                 STBIR_EDGE_CLAMP, STBIR_FILTER_TRIANGLE, STBIR_COLORSPACE_LINEAR, nullptr);
  if (done == 0) return InvalidArg("the picture cannot be scaled to {} by {} points", width, height);
  return made;
}

// Means and deviations of ImageNet's colours, as networks that were trained with it take them off.
constexpr std::array<client::Number, 3> kMeans = {0.485L, 0.456L, 0.406L};
constexpr std::array<client::Number, 3> kDeviations = {0.229L, 0.224L, 0.225L};

client::Number Scaled(unsigned char colour, size_t channel, ImageScaling scaling) {
  switch (scaling) {
    case ImageScaling::kNone: return colour;
    case ImageScaling::kUnit: return colour / 255.0L;
    case ImageScaling::kSymmetric: return colour / 127.5L - 1;
    case ImageScaling::kImagenet: return (colour / 255.0L - kMeans[channel % 3]) / kDeviations[channel % 3];
  }
  return 0;
}

Expected<Tensor> TensorOf(const Picture& picture, const Form& form, TRITONSERVER_DataType datatype,
                          ImageScaling scaling) {
  const auto channels = static_cast<size_t>(picture.channels);
  const size_t points = picture.colours.size() / channels;
  Tensor tensor{.datatype = datatype};
  tensor.bytes.reserve(picture.colours.size() * FactsOfDataType(datatype).byte_size);
  for (size_t i = 0; i < picture.colours.size(); i++) {
    const size_t channel = form.channels_first ? i / points : i % channels;
    const size_t point = form.channels_first ? i % points : i / channels;
    RETURN_IF_ERROR(client::AppendNumber(tensor.bytes, datatype,
                                         Scaled(picture.colours[point * channels + channel], channel, scaling)));
  }
  tensor.shape = {picture.height, picture.width};
  if (form.has_channels)
    tensor.shape.insert(form.channels_first ? tensor.shape.begin() : tensor.shape.end(), picture.channels);
  return tensor;
}

// The file itself, for models that decode it.
std::optional<Tensor> Undecoded(std::string_view bytes, const TensorFacts& input, bool batches) {
  const size_t of_batch = batches && !input.shape.empty() ? 1 : 0;
  Tensor tensor{.datatype = input.datatype, .shape = Shape(input.shape.size() - of_batch, 1)};
  if (input.datatype == TRITONSERVER_TYPE_BYTES) {
    client::AppendText(tensor.bytes, bytes);
    return tensor;
  }
  if (input.datatype != TRITONSERVER_TYPE_UINT8 || tensor.shape.size() != 1) return std::nullopt;
  tensor.shape[0] = static_cast<int64_t>(bytes.size());
  tensor.bytes = bytes;
  return tensor;
}

}  // namespace

bool IsImage(std::string_view bytes) {
  return bytes.starts_with("\xff\xd8\xff") || bytes.starts_with("\x89PNG\r\n\x1a\n");
}

Expected<Tensor> ReadImage(std::string_view bytes, const TensorFacts& input, bool batches, ImageScaling scaling) {
  if (bytes.size() > size_t{1} << 30) return InvalidArg("a picture of {} bytes", bytes.size());
  if (std::optional<Tensor> file = Undecoded(bytes, input, batches)) return *std::move(file);
  ASSIGN_OR_RETURN(const Form form, FormOf(input, batches));
  ASSIGN_OR_RETURN(Picture picture, Decode(bytes, form.channels));
  const int64_t width = form.width < 0 ? picture.width : form.width;
  const int64_t height = form.height < 0 ? picture.height : form.height;
  if (width != picture.width || height != picture.height) {
    ASSIGN_OR_RETURN(picture, Resize(picture, width, height));
  }
  return TensorOf(picture, form, input.datatype, scaling);
}

}  // namespace neso::command
