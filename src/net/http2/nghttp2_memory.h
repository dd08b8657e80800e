// nghttp2's own memory, some eight small blocks a stream, from the thread's cache of blocks.
#pragma once

#include <nghttp2/nghttp2.h>

namespace neso::net {

nghttp2_mem Nghttp2Memory();

}  // namespace neso::net
