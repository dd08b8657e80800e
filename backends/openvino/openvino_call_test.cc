#include "openvino_call.h"

#include <gtest/gtest.h>

#include <stdexcept>

namespace neso::openvino {
namespace {

TEST(PlainTextTest, HasNoPlacesInSourcesAndOneLine) {
  EXPECT_EQ(
      PlainText("Exception from src/inference/src/cpp/core.cpp:98:\nException from src/inference/src/model.cpp:12:\n"
                "Unable to read the model: a.xml\n\n"),
      "Unable to read the model: a.xml");
  EXPECT_EQ(PlainText("Check 'rank == 2' failed at src/core/src/op/matmul.cpp:31:\nWhile validating node:\nit is 3"),
            "While validating node: it is 3");
  EXPECT_EQ(PlainText("Check 'size > 0' failed at src/x.cpp:7: the size is 0"), "the size is 0");
  EXPECT_EQ(PlainText("one\n  two"), "one; two");
}

TEST(PlainTextTest, IsNeverEmpty) {
  EXPECT_EQ(PlainText(""), "OpenVINO does not say why");
  EXPECT_EQ(PlainText("Exception from src/inference/src/cpp/core.cpp:98:\n"), "OpenVINO does not say why");
}

TEST(TryOpenVinoTest, ReturnsWhatIsThrown) {
  EXPECT_TRUE(TryOpenVino("", [] {}).ok());
  const backend::Status failed =
      TryOpenVino("cannot: ", [] { throw std::runtime_error("Exception from a.cpp:1:\nno"); });
  EXPECT_EQ(failed.code(), TRITONSERVER_ERROR_INTERNAL);
  EXPECT_EQ(failed.message(), "cannot: no");
}

}  // namespace
}  // namespace neso::openvino
