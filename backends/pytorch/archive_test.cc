#include "archive.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>
#include <zlib.h>

#include <cstdint>
#include <fstream>
#include <string>

namespace neso::pytorch {
namespace {

using testing::HasSubstr;

std::string Little(uint64_t number, int bytes) {
  std::string text;
  for (int i = 0; i < bytes; ++i) text += i < 8 ? static_cast<char>(number >> (8 * i)) : '\0';
  return text;
}

// An archive of one member, which is stored as it is.
struct Archive {
  std::string name = "data.pkl";
  std::string content = "weights";
  uint16_t method = 0;
  std::string packed = content;
  uint32_t crc = static_cast<uint32_t>(
      crc32(crc32(0, nullptr, 0), reinterpret_cast<const Bytef*>(content.data()), static_cast<uInt>(content.size())));
  uint16_t members = 1;
  bool zip64 = false;

  std::string Bytes() const {
    const std::string sizes = Little(crc, 4) + Little(packed.size(), 4) + Little(content.size(), 4);
    const std::string large = "\xff\xff\xff\xff";
    std::string bytes = "PK\3\4" + Little(20, 2) + Little(0, 2) + Little(method, 2) + Little(0, 4) + sizes +
                        Little(name.size(), 2) + Little(0, 2) + name + packed;
    const size_t directory = bytes.size();
    const std::string extra =
        zip64 ? Little(1, 2) + Little(24, 2) + Little(content.size(), 8) + Little(packed.size(), 8) + Little(0, 8) : "";
    bytes += "PK\1\2" + Little(20, 2) + Little(20, 2) + Little(0, 2) + Little(method, 2) + Little(0, 4) +
             (zip64 ? Little(crc, 4) + large + large : sizes) + Little(name.size(), 2) + Little(extra.size(), 2) +
             Little(0, 10) + (zip64 ? large : Little(0, 4)) + name + extra;
    const size_t size = bytes.size() - directory;
    if (zip64) {
      const size_t record = bytes.size();
      bytes += "PK\6\6" + Little(44, 8) + Little(20, 4) + Little(0, 8) + Little(members, 8) + Little(members, 8) +
               Little(size, 8) + Little(directory, 8);
      bytes += "PK\6\7" + Little(0, 4) + Little(record, 8) + Little(1, 4);
    }
    return bytes + "PK\5\6" + Little(0, 4) + Little(members, 2) + Little(members, 2) + Little(size, 4) +
           (zip64 ? large : Little(directory, 4)) + Little(0, 2);
  }
};

std::string Deflate(const std::string& text) {
  std::string packed(compressBound(text.size()) + 16, '\0');
  z_stream stream = {};
  deflateInit2(&stream, 9, Z_DEFLATED, -MAX_WBITS, 8, Z_DEFAULT_STRATEGY);
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(packed.data());
  stream.avail_out = static_cast<uInt>(packed.size());
  deflate(&stream, Z_FINISH);
  packed.resize(stream.total_out);
  deflateEnd(&stream);
  return packed;
}

class ArchiveTest : public testing::Test {
 protected:
  void TearDown() override { unlink(path_.c_str()); }

  // What is wrong with a file of these bytes; "" if nothing is.
  std::string Check(const std::string& bytes) const {
    std::ofstream(path_, std::ios::binary) << bytes;
    return std::string(CheckArchive(path_).message());
  }

  const std::string path_ = testing::TempDir() + "archive_test_" + std::to_string(getpid());
};

TEST_F(ArchiveTest, AcceptsWhatIsAsItWasWritten) {
  EXPECT_EQ(Check(Archive().Bytes()), "");
  EXPECT_EQ(Check(Archive{.content = "", .packed = ""}.Bytes()), "");
  EXPECT_EQ(Check(Archive{.zip64 = true}.Bytes()), "");
  const std::string text(1 << 20, 'a');
  EXPECT_EQ(Check(Archive{.content = text, .method = 8, .packed = Deflate(text)}.Bytes()), "");
  EXPECT_EQ(Check(Archive{.crc = 0}.Bytes()), "") << "written without checksums";
}

TEST_F(ArchiveTest, RefusesEveryOtherByteInItsContent) {
  const Archive archive;
  const size_t begin = 30 + archive.name.size();
  for (size_t at = begin; at < begin + archive.content.size(); ++at) {
    std::string bytes = archive.Bytes();
    bytes[at] ^= 1;
    EXPECT_EQ(Check(bytes), "the file is damaged: 'data.pkl' in it is not what was written");
  }
}

TEST_F(ArchiveTest, RefusesEachPartOfAFile) {
  for (const bool zip64 : {false, true}) {
    const std::string bytes = Archive{.zip64 = zip64}.Bytes();
    for (size_t size = 0; size < bytes.size(); ++size) EXPECT_NE(Check(bytes.substr(0, size)), "") << size;
  }
}

TEST_F(ArchiveTest, SaysWhatIsNoArchive) {
  EXPECT_THAT(Check(""), HasSubstr("expected a ZIP archive"));
  EXPECT_THAT(Check("\x08\x07\x12\x04onnx"), HasSubstr("expected a ZIP archive"));
  EXPECT_THAT(std::string(CheckArchive("/no/such/file").message()), HasSubstr("cannot be opened"));
}

TEST_F(ArchiveTest, UnpacksNoMoreThanAMemberSays) {
  const std::string packed = Deflate(std::string(16 << 20, 'a'));
  EXPECT_THAT(Check(Archive{.content = "aaa", .method = 8, .packed = packed}.Bytes()), HasSubstr("damaged"));
}

TEST_F(ArchiveTest, RefusesMoreMembersThanThereAre) {
  EXPECT_THAT(Check(Archive{.members = 2}.Bytes()), HasSubstr("fewer members than it says"));
}

}  // namespace
}  // namespace neso::pytorch
