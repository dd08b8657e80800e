// How large images say that they are, before anybody decodes them: a file of some kilobytes may become gigabytes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "errors.h"

struct nvimgcodecInstance;

namespace neso::dali {

// Over nvImageCodec, which decodes them, too, so that both mean the same. Thread-compatible.
class ImageHeads {
 public:
  ImageHeads() = default;
  ~ImageHeads();
  ImageHeads(const ImageHeads&) = delete;
  ImageHeads& operator=(const ImageHeads&) = delete;

  // An error if `file` is an image of more pixels. What is no image, or is damaged, is left to DALI.
  Status Check(std::span<const std::byte> file, int64_t max_pixels);

 private:
  nvimgcodecInstance* instance_ = nullptr;  // made when it is first needed
};

}  // namespace neso::dali
