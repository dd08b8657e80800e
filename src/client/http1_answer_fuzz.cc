// Any bytes, in any cuts: the same is read as when they come at once.
#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "client/http1_answer.h"

namespace {

using neso::client::Http1AnswerReader;

Http1AnswerReader::State Feed(Http1AnswerReader& reader, std::string_view bytes, size_t step) {
  reader.Begin("GET");
  auto state = Http1AnswerReader::State::kMore;
  while (!bytes.empty() && state == Http1AnswerReader::State::kMore) {
    std::string_view piece = bytes.substr(0, step);
    const size_t offered = piece.size();
    state = reader.Take(piece);
    bytes.remove_prefix(offered - piece.size());
  }
  return state == Http1AnswerReader::State::kMore ? reader.End() : state;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  Http1AnswerReader whole(1 << 20), pieces(1 << 20);
  const auto state = Feed(whole, bytes, SIZE_MAX);
  if (Feed(pieces, bytes, 3) != state) std::abort();
  if (state == Http1AnswerReader::State::kDone && whole.body() != pieces.body()) std::abort();
  if (state == Http1AnswerReader::State::kDone) (void)whole.ParseHeaders();
  return 0;
}
