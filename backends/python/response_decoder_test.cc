#include "response_decoder.h"

#include <gtest/gtest.h>

#include <random>

namespace neso::python {
namespace {

class ResponseDecoderTest : public testing::Test {
 protected:
  ResponseDecoderTest() : segment_(std::move(*Segment::Create())) {}

  bool Read(std::span<const std::byte> message) {
    MessageReader reader(message);
    return ReadResponse(reader, *segment_, response_);
  }

  // A response with one FP32 tensor of two elements, said to have `size` bytes at `offset`.
  std::vector<std::byte> OneTensor(uint64_t offset, uint64_t size, std::vector<int64_t> shape = {2}) {
    std::vector<std::byte> message(256);
    MessageWriter writer(message.data());
    writer.Put(ResponseRecord{.kind = ResponseKind::kResponse,
                              .error_code = 0,
                              .tensor_count = 1,
                              .error_length = 0,
                              .parameters_length = 0});
    PutTensorType(writer, "OUT", TRITONSERVER_TYPE_FP32, shape);
    writer.Put(offset);
    writer.Put(size);
    if (offset == kInline) writer.PutText("12345678");
    message.resize(writer.size());
    return message;
  }

  const std::unique_ptr<Segment> segment_;
  WorkerResponse response_;
};

TEST_F(ResponseDecoderTest, ATensorLiesInTheSegmentOrInTheMessage) {
  ASSERT_TRUE(Read(OneTensor(segment_->region(), 8)));
  EXPECT_EQ(response_.tensors[0].data, segment_->At(segment_->region()));
  const std::vector<std::byte> message = OneTensor(kInline, 8);
  ASSERT_TRUE(Read(message));
  EXPECT_EQ(response_.tensors[0].data, message.data() + message.size() - 8);
  EXPECT_EQ(response_.tensors[0].name, "OUT");
}

TEST_F(ResponseDecoderTest, ATensorThatIsNotThereIsRefused) {
  const uint64_t end = Segment::kControlSize + 2 * segment_->region_size();
  EXPECT_TRUE(Read(OneTensor(end - 8, 8)));
  EXPECT_FALSE(Read(OneTensor(end - 7, 8)));
  EXPECT_FALSE(Read(OneTensor(end, 8)));
  EXPECT_FALSE(Read(OneTensor(~uint64_t{1}, 8)));
}

TEST_F(ResponseDecoderTest, TheWorkerHearsWhenABlockOfItsOwnIsReadNoLonger) {
  const uint64_t block = segment_->region() + segment_->region_size() + kTensorAlignment;
  uint32_t* const word = reinterpret_cast<uint32_t*>(segment_->At(block - kTensorAlignment));
  *word = 1;
  ASSERT_TRUE(Read(OneTensor(block | kOwnBlock, 8)));
  EXPECT_EQ(response_.tensors[0].data, segment_->At(block));
  OwnBlock lent = std::move(response_.tensors[0].block);
  response_ = {};
  EXPECT_EQ(*word, 1u);
  lent = {};
  EXPECT_EQ(*word, 0u);
}

TEST_F(ResponseDecoderTest, ABlockThatIsNotTheWorkersIsRefused) {
  const uint64_t region = segment_->region() + segment_->region_size();
  EXPECT_FALSE(Read(OneTensor(region | kOwnBlock, 8))) << "the word before it is the server's";
  EXPECT_FALSE(Read(OneTensor((region + kTensorAlignment + 4) | kOwnBlock, 8)));
  EXPECT_FALSE(Read(OneTensor((segment_->region() + kTensorAlignment) | kOwnBlock, 8)));
  EXPECT_FALSE(Read(OneTensor(kOwnBlock, 8)));
  EXPECT_FALSE(Read(OneTensor((region + segment_->region_size()) | kOwnBlock, 8)));
  EXPECT_FALSE(Read(OneTensor(~uint64_t{0} - 63, 8)));
}

TEST_F(ResponseDecoderTest, ASizeThatIsNotThatOfTheShapeIsRefused) {
  EXPECT_FALSE(Read(OneTensor(segment_->region(), 4)));
  EXPECT_FALSE(Read(OneTensor(segment_->region(), 8, {-1})));
  EXPECT_FALSE(Read(OneTensor(segment_->region(), 8, {int64_t{1} << 62, int64_t{1} << 62, 2})));
  EXPECT_TRUE(Read(OneTensor(segment_->region(), 0, {0, int64_t{1} << 62})));
}

TEST_F(ResponseDecoderTest, NoBytesLeadOutsideOfTheSegment) {
  std::mt19937 random(7);  // NOLINT: the same every time
  const std::vector<std::byte> good = OneTensor(segment_->region(), 8);
  int readable = 0;
  for (int round = 0; round < 10'000; ++round) {
    std::vector<std::byte> message = good;
    message.resize(random() % (good.size() + 8));
    for (unsigned changes = random() % 4; changes > 0 && !message.empty(); --changes) {
      message[random() % message.size()] = static_cast<std::byte>(random());
    }
    if (!Read(message)) continue;
    ++readable;
    for (const TensorRecord& tensor : response_.tensors) {
      uint64_t sum = 0;  // reading is what would crash
      for (uint64_t i = 0; i < std::min<uint64_t>(tensor.byte_size, 64); ++i) {
        sum += static_cast<uint64_t>(tensor.data[i]);
      }
      EXPECT_GE(sum, 0u);
    }
  }
  EXPECT_GT(readable, 0);
}

}  // namespace
}  // namespace neso::python
