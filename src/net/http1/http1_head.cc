#include "net/http1/http1_head.h"

#include <cstring>

namespace neso::net {
namespace {

constexpr size_t kUsualHeaders = 12;

}  // namespace

SharedHttp1Head Http1Heads::Read(std::string_view head, Http1Error* error) {
  const auto read = MakeShared<Http1Head>();
  read->bytes = MakeBytes(head.size());
  read->size = head.size();
  std::memcpy(read->bytes.get(), head.data(), head.size());
  read->head.headers.reserve(kUsualHeaders);
  read->head.peer = peer_;
  *error = ParseHead(read->text(), &read->head, &read->framing);
  if (!*error && head.size() <= kRememberedHeadBytes) last_ = read;
  return read;
}

}  // namespace neso::net
