// Where bytes belong that are still to be read.
#pragma once

#include <span>

#include "base/buffer.h"

namespace neso::net {

struct ReadRoom {
  std::span<char> bytes;  // empty when it is not known
  BufferRef owner;        // keeps them
};

}  // namespace neso::net
