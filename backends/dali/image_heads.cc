#include "image_heads.h"

#include <nvimgcodec.h>

#include <memory>

namespace neso::dali {
namespace {

nvimgcodecInstance_t MakeInstance() {
  nvimgcodecInstanceCreateInfo_t how{};
  how.struct_type = NVIMGCODEC_STRUCTURE_TYPE_INSTANCE_CREATE_INFO;
  how.struct_size = sizeof(how);
  how.load_builtin_modules = 1;  // they read heads; what decodes is in extensions
  nvimgcodecInstance_t instance = nullptr;
  return nvimgcodecInstanceCreate(&instance, &how) == NVIMGCODEC_STATUS_SUCCESS ? instance : nullptr;
}

struct EndStream {
  void operator()(nvimgcodecCodeStream_t stream) const { (void)nvimgcodecCodeStreamDestroy(stream); }
};

// Of the file's first image; 0 if it is none.
int64_t CountPixels(nvimgcodecInstance_t instance, std::span<const std::byte> file) {
  nvimgcodecCodeStream_t opened = nullptr;
  const auto* const bytes = reinterpret_cast<const unsigned char*>(file.data());
  if (nvimgcodecCodeStreamCreateFromHostMem(instance, &opened, bytes, file.size(), nullptr) !=
      NVIMGCODEC_STATUS_SUCCESS) {
    return 0;
  }
  const std::unique_ptr<std::remove_pointer_t<nvimgcodecCodeStream_t>, EndStream> stream(opened);
  nvimgcodecImageInfo_t info{};
  info.struct_type = NVIMGCODEC_STRUCTURE_TYPE_IMAGE_INFO;
  info.struct_size = sizeof(info);
  if (nvimgcodecCodeStreamGetImageInfo(opened, &info) != NVIMGCODEC_STATUS_SUCCESS || info.num_planes == 0) return 0;
  return int64_t{info.plane_info[0].width} * info.plane_info[0].height;
}

}  // namespace

ImageHeads::~ImageHeads() {
  if (instance_ != nullptr) (void)nvimgcodecInstanceDestroy(instance_);
}

Status ImageHeads::Check(std::span<const std::byte> file, int64_t max_pixels) {
  if (file.empty()) return {};
  if (instance_ == nullptr) instance_ = MakeInstance();
  if (instance_ == nullptr) return BackendError("nvImageCodec cannot be started");
  const int64_t pixels = CountPixels(instance_, file);
  if (pixels <= max_pixels) return {};
  return BackendError("expected images of at most ", max_pixels, " pixels, got one that says it has ", pixels,
                      "; the model's parameter 'max_image_pixels' sets the limit");
}

}  // namespace neso::dali
