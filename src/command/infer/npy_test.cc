#include "command/infer/npy.h"

#include <gtest/gtest.h>

#include "client/text_elements.h"

namespace neso::command {
namespace {

std::string File(const std::string& header, const std::string& data) {
  const auto size = static_cast<char>(header.size());
  return std::string("\x93NUMPY\x01\x00", 8) + size + '\0' + header + data;
}

std::string File(const std::string& descr, const std::string& shape, const std::string& data, bool by_columns = false) {
  return File("{'descr': '" + descr + "', 'fortran_order': " + (by_columns ? "True" : "False") + ", 'shape': " + shape +
                  ", }\n",
              data);
}

TEST(NpyTest, ReadsNumbers) {
  const auto tensor = ReadNpy(File("<i2", "(2, 2)", std::string("\1\0\2\0\3\0\4\0", 8)));
  ASSERT_TRUE(tensor) << tensor.error().message();
  EXPECT_EQ(tensor->datatype, TRITONSERVER_TYPE_INT16);
  EXPECT_EQ(tensor->shape, (Shape{2, 2}));
  EXPECT_EQ(tensor->bytes, std::string("\1\0\2\0\3\0\4\0", 8));
}

TEST(NpyTest, TurnsOrdersIntoOurs) {
  EXPECT_EQ(ReadNpy(File(">i2", "(2,)", std::string("\0\1\0\2", 4)))->bytes, std::string("\1\0\2\0", 4));
  EXPECT_EQ(ReadNpy(File("|u1", "(2, 3)", "adbecf", /*by_columns=*/true))->bytes, "abcdef");
  EXPECT_EQ(ReadNpy(File("|u1", "()", "x"))->shape, Shape{});
  EXPECT_EQ(ReadNpy(File("|u1", "(0, 5)", ""))->bytes, "");
}

TEST(NpyTest, ReadsTexts) {
  const auto bytes = ReadNpy(File("|S3", "(2,)", std::string("a\0\0bcd", 6)));
  ASSERT_TRUE(bytes) << bytes.error().message();
  EXPECT_EQ(*client::TextsIn(bytes->bytes), (std::vector<std::string_view>{"a", "bcd"}));
  const auto wide = ReadNpy(File("<U2", "(1,)", std::string("\xe9\0\0\0\xac\x20\0\0", 8)));
  ASSERT_TRUE(wide) << wide.error().message();
  EXPECT_EQ(*client::TextsIn(wide->bytes), (std::vector<std::string_view>{"é€"}));
}

TEST(NpyTest, SaysWhatIsWrong) {
  const auto complaint = [](const std::string& file) { return ReadNpy(file).error().message(); };
  EXPECT_EQ(complaint("hello"), "expected a .npy file");
  EXPECT_EQ(complaint(File("<f4", "(2,)", "1234")),
            "expected as many elements as the shape says, got 1: is the file whole?");
  EXPECT_EQ(complaint(File("|O", "(2,)", "")),
            "dtype '|O': expected numbers, booleans, S or U; numpy.save(file, array.astype('S')) writes texts");
  EXPECT_EQ(complaint(File("<c8", "(2,)", "")), "dtype '<c8': expected numbers, booleans, S or U");
  EXPECT_EQ(complaint(File("{'descr': [('a', '<f4')], }", "")),
            "an array of records: expected one of numbers or texts, such as array['field']");
  EXPECT_EQ(complaint(File("{'shape': (1, -2)}", "")), "expected the header of a .npy file, got '{'shape': (1, -2)}'");
  EXPECT_EQ(complaint(File("|u1", "(9223372036854775807, 9223372036854775807)", "x")),
            "expected as many elements as the shape says, got 1: is the file whole?");
}

TEST(NpyTest, WhatIsWrittenIsRead) {
  std::string texts;
  client::AppendText(texts, "one");
  client::AppendText(texts, "");
  for (const Tensor& tensor : {Tensor{.datatype = TRITONSERVER_TYPE_FP32, .shape = {1, 2}, .bytes = "12345678"},
                               Tensor{.datatype = TRITONSERVER_TYPE_BOOL, .shape = {2}, .bytes = {1, 0}},
                               Tensor{.datatype = TRITONSERVER_TYPE_UINT64, .shape = {}, .bytes = "12345678"},
                               Tensor{.datatype = TRITONSERVER_TYPE_BYTES, .shape = {2}, .bytes = texts}}) {
    const auto file = WriteNpy(tensor);
    ASSERT_TRUE(file);
    EXPECT_EQ(file->find('\n') % 64, 63U) << "data begin at a multiple of 64";
    const auto read = ReadNpy(*file);
    ASSERT_TRUE(read) << read.error().message();
    EXPECT_EQ(read->datatype, tensor.datatype);
    EXPECT_EQ(read->shape, tensor.shape);
    EXPECT_EQ(read->bytes, tensor.bytes);
  }
}

}  // namespace
}  // namespace neso::command
