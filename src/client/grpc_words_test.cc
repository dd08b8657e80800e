#include "client/grpc_words.h"

#include <gtest/gtest.h>

namespace neso::client {
namespace {

using wire::MessageWriter;

TEST(GrpcWordsTest, InputsAndParametersAreWritten) {
  MessageWriter message;
  AddParameter(message, 4, "p", MessageWriter().Add(1, uint64_t{1}));
  EXPECT_EQ(message.bytes(), std::string_view("\x22\x07\x0a\x01p\x12\x02\x08\x01", 9));
  EXPECT_EQ(InputMessage("x", "INT8", {2, -1}).bytes(),
            std::string_view("\x0a\x01x\x12\x04INT8\x18\x02\x18\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 22));
}

}  // namespace
}  // namespace neso::client
