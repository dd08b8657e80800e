// Tensors, timers and errors, which need no server; and the programs' main().
#include <sstream>

#include "support.h"

std::string server_url;

int main(int argc, char** argv) {
  testing::InitGoogleTest(&argc, argv);
  if (argc > 1) server_url = argv[1];
  return RUN_ALL_TESTS();
}

namespace {

TEST(ErrorTest, HasATextOrIsNone) {
  EXPECT_TRUE(tc::Error::Success.IsOk());
  std::ostringstream shown;
  shown << tc::Error("broken");
  EXPECT_EQ(shown.str(), "broken");
  EXPECT_FALSE(tc::Error("broken").IsOk());
}

TEST(InferInputTest, PutsPiecesTogether) {
  const auto input = Input("x", {2}, "INT32");
  EXPECT_EQ(input->Name(), "x");
  EXPECT_EQ(input->Datatype(), "INT32");
  const uint8_t* data;
  size_t byte_size;
  EXPECT_OK(input->RawData(&data, &byte_size));
  EXPECT_EQ(data, nullptr);
  EXPECT_EQ(byte_size, 0u);
  const std::vector<uint8_t> piece = {1, 2, 3, 4};
  EXPECT_OK(input->AppendRaw(piece));
  EXPECT_OK(input->AppendRaw(piece));
  EXPECT_OK(input->RawData(&data, &byte_size));
  EXPECT_EQ(data, piece.data());
  EXPECT_EQ(byte_size, 4u);
  EXPECT_OK(input->ByteSize(&byte_size));
  EXPECT_EQ(byte_size, 8u);
  EXPECT_EQ(input->RawPieces().size(), 2u);
  EXPECT_OK(input->Reset());
  EXPECT_OK(input->ByteSize(&byte_size));
  EXPECT_EQ(byte_size, 0u);
  EXPECT_OK(input->SetShape({4, 5}));
  EXPECT_EQ(input->Shape(), (std::vector<int64_t>{4, 5}));
}

TEST(InferInputTest, WritesTheLengthBeforeEachString) {
  const auto input = Input("x", {2}, "BYTES");
  EXPECT_OK(input->AppendFromString({"ab", ""}));
  const uint8_t* data;
  size_t byte_size;
  EXPECT_OK(input->RawData(&data, &byte_size));
  EXPECT_EQ(std::string(data, data + byte_size), std::string("\2\0\0\0ab\0\0\0\0", 10));
}

template <typename Tensor>
void ExpectSharedMemory(Tensor* tensor) {
  std::string name;
  size_t byte_size, offset;
  EXPECT_FALSE(tensor->IsSharedMemory());
  EXPECT_EQ(tensor->SharedMemoryInfo(&name, &byte_size, &offset).Message(),
            "The input has not been set with the shared memory.");
  EXPECT_OK(tensor->SetSharedMemory("region", 64, 8));
  EXPECT_TRUE(tensor->IsSharedMemory());
  EXPECT_OK(tensor->SharedMemoryInfo(&name, &byte_size, &offset));
  EXPECT_EQ(name, "region");
  EXPECT_EQ(byte_size, 64u);
  EXPECT_EQ(offset, 8u);
}

TEST(InferInputTest, MayLieInSharedMemory) {
  const auto input = Input("x", {2}, "INT32");
  ExpectSharedMemory(input.get());
  EXPECT_OK(input->Reset());
  EXPECT_FALSE(input->IsSharedMemory());
}

TEST(InferRequestedOutputTest, MayLieInSharedMemoryOrBeClasses) {
  const auto output = Output("y", 3);
  EXPECT_EQ(output->Name(), "y");
  EXPECT_EQ(output->ClassificationCount(), 3u);
  EXPECT_TRUE(output->BinaryData());
  EXPECT_OK(output->SetBinaryData(false));
  EXPECT_FALSE(output->BinaryData());
  ExpectSharedMemory(output.get());
  EXPECT_OK(output->UnsetSharedMemory());
  EXPECT_FALSE(output->IsSharedMemory());
}

TEST(InferRequestedOutputTest, MayNameItsDatatype) {
  tc::InferRequestedOutput* output = nullptr;
  EXPECT_OK(tc::InferRequestedOutput::Create(&output, "y", 0, "INT8"));
  EXPECT_EQ(std::unique_ptr<tc::InferRequestedOutput>(output)->Datatype(), "INT8");
}

TEST(RequestTimersTest, HasNoDurationWithoutBothEnds) {
  using Kind = tc::RequestTimers::Kind;
  tc::RequestTimers timers;
  EXPECT_EQ(timers.Duration(Kind::SEND_START, Kind::SEND_END), UINT64_MAX);
  timers.CaptureTimestamp(Kind::SEND_END);
  timers.CaptureTimestamp(Kind::SEND_START);
  EXPECT_EQ(timers.Duration(Kind::SEND_START, Kind::RECV_END), UINT64_MAX);
  timers.CaptureTimestamp(Kind::SEND_END);
  EXPECT_LT(timers.Duration(Kind::SEND_START, Kind::SEND_END), 1'000'000'000u);
  EXPECT_OK(timers.Reset());
  EXPECT_EQ(timers.Timestamp(Kind::SEND_END), 0u);
}

}  // namespace
