#include "frontend/shared_memory/region.h"

#include <gtest/gtest.h>

#include <cstdint>

namespace neso {
namespace {

constexpr uint64_t kMax = UINT64_MAX;

struct Range {
  uint64_t offset, byte_size, whole;
  const char* text;  // empty: accepted
};

TEST(RegionTest, APartOfAnObjectLiesInsideOfIt) {
  const char* const refused = "failed to register shared memory region 'r': invalid args";
  const Range rows[] = {
      {0, 4096, 4096, ""},
      {4096, 4096, 8192, ""},
      {0, 0, 0, ""},
      {4096, 0, 4096, ""},
      {0, 4097, 4096, refused},
      {1, 4096, 4096, refused},
      {8192, 1, 4096, refused},
      {kMax, 1, 4096, refused},
      {kMax, kMax, 4096, refused},
      {4096, kMax, 8192, refused},
      {1, kMax, kMax, refused},
      {0, kMax, kMax, ""},
      {kMax, 0, kMax, ""},
      {kMax - 4095, 4096, 8192, refused},
  };
  for (const Range& row : rows) {
    EXPECT_EQ(CheckObjectRange("r", row.offset, row.byte_size, row.whole).message(), row.text)
        << row.offset << " " << row.byte_size << " " << row.whole;
  }
}

TEST(RegionTest, ATensorLiesInsideOfItsRegion) {
  const char* const offset = "Invalid offset for shared memory region: 'r'";
  const char* const size = "Invalid offset + byte size for shared memory region: 'r'";
  const auto overflow = [](const std::string& byte_size, const std::string& offset) {
    return "Integer overflow detected: byte_size (" + byte_size + ") + offset (" + offset +
           ") exceeds maximum value (18446744073709551615) for region 'r'";
  };
  const std::string one = overflow("18446744073709551615", "1");
  const std::string eight = overflow("18446744073709551608", "8");
  const std::string last = overflow("2", "18446744073709551614");
  const Range rows[] = {
      {0, 64, 64, ""},
      {56, 8, 64, ""},
      {63, 1, 64, ""},
      {0, 0, 64, ""},
      {63, 0, 64, ""},
      {64, 0, 64, offset},
      {64, 8, 64, offset},
      {kMax, 1, 64, offset},
      {0, 65, 64, size},
      {57, 8, 64, size},
      {0, kMax, 64, size},
      {1, kMax, 64, one.c_str()},
      {8, kMax - 7, 64, eight.c_str()},
      {8, kMax - 8, 64, size},
      {0, 0, 0, offset},
      {kMax - 1, 1, kMax, ""},
      {kMax - 1, 2, kMax, last.c_str()},
  };
  for (const Range& row : rows) {
    EXPECT_EQ(CheckTensorRange("r", row.offset, row.byte_size, row.whole).message(), row.text)
        << row.offset << " " << row.byte_size << " " << row.whole;
  }
}

}  // namespace
}  // namespace neso
