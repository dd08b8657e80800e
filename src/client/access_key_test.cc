#include "client/access_key.h"

#include <gtest/gtest.h>

#include "base/test_folder.h"

namespace neso::client {
namespace {

TEST(AccessKeyTest, ComesFromTheWordOrAFileUnlessAnotherIsThere) {
  const TestFolder folder;
  folder.Write("a.key", "neso_a\n");
  const auto sent = [](const std::string& given, HttpHeaders headers = {}) {
    const Status added = AddAccessKey(given, headers);
    return !added.ok()       ? added.message()
           : headers.empty() ? "none"
                             : headers.front().first + " " + headers.back().second;
  };
  EXPECT_EQ(sent(""), "none");
  EXPECT_EQ(sent("neso_b"), "authorization Bearer neso_b");
  EXPECT_EQ(sent("@" + folder.Path("a.key")), "authorization Bearer neso_a");
  EXPECT_EQ(sent("@/no/such", {{"Authorization", "mine"}}), "Authorization mine");
}

TEST(AccessKeyTest, AFileHasOneLine) {
  const TestFolder folder;
  for (const char* const text : {"", "\n", "a\nb\n"}) {
    folder.Write("a.key", text);
    HttpHeaders headers;
    EXPECT_NE(AddAccessKey("@" + folder.Path("a.key"), headers).message().find("expected a file with one line"),
              std::string::npos)
        << text;
    EXPECT_TRUE(headers.empty());
  }
}

}  // namespace
}  // namespace neso::client
