#include "client/server_words.h"

#include <gtest/gtest.h>

namespace neso::client {
namespace {

TEST(ServerWordsTest, PathsOfModelsAreEncoded) {
  EXPECT_EQ(ModelPath("digits"), "/v2/models/digits");
  EXPECT_EQ(ModelPath("a b/c", "3"), "/v2/models/a%20b%2Fc/versions/3");
}

TEST(ServerWordsTest, ErrorsHaveTextsOrNone) {
  EXPECT_EQ(ErrorText(R"({"error":"no such model"})"), "no such model");
  EXPECT_EQ(ErrorText(R"({"error":""})"), "");
  for (const char* none : {"", "busy", "[]", "{}", R"({"error":3})", R"("error")"})
    EXPECT_EQ(ErrorText(none), std::nullopt);
}

}  // namespace
}  // namespace neso::client
