#include "archive.h"

#include <fcntl.h>
#include <unistd.h>
#include <zlib.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <string_view>
#include <vector>

namespace neso::pytorch {
namespace {

using backend::Result;
using backend::Status;
using Bytes = std::vector<unsigned char>;

constexpr uint32_t kLocalHeader = 0x04034b50;
constexpr uint32_t kCentralHeader = 0x02014b50;
constexpr uint32_t kEnd = 0x06054b50;
constexpr uint32_t kEnd64 = 0x06064b50;
constexpr uint32_t kEnd64Locator = 0x07064b50;
constexpr size_t kEndSize = 22;
constexpr size_t kEnd64Size = 56;
constexpr size_t kLocatorSize = 20;
constexpr size_t kCentralSize = 46;
constexpr size_t kLocalSize = 30;
constexpr uint16_t kZip64Field = 1;
constexpr uint64_t kMaxDirectory = uint64_t{64} << 20;  // half a million members
constexpr size_t kPiece = size_t{1} << 18;

// A little-endian number of 2, 4 or 8 bytes.
template <typename Number>
Number Read(const unsigned char* at) {
  Number number = 0;
  std::memcpy(&number, at, sizeof(number));
  return number;
}

struct Member {
  std::string name;
  uint16_t method = 0;
  uint32_t crc = 0;
  uint64_t packed_size = 0;
  uint64_t size = 0;
  uint64_t header = 0;  // where its local header is
};

struct Directory {
  uint64_t offset = 0;
  uint64_t size = 0;
  uint64_t members = 0;
};

class File {
 public:
  explicit File(const std::string& path) : descriptor_(open(path.c_str(), O_RDONLY | O_CLOEXEC)) {
    if (descriptor_ >= 0) size_ = static_cast<uint64_t>(std::max<off_t>(lseek(descriptor_, 0, SEEK_END), 0));
  }
  ~File() {
    if (descriptor_ >= 0) close(descriptor_);
  }
  File(const File&) = delete;
  File& operator=(const File&) = delete;

  bool is_open() const { return descriptor_ >= 0; }
  uint64_t size() const { return size_; }

  // Whether all of it is there.
  bool Read(uint64_t offset, unsigned char* to, size_t count) const {
    while (count > 0) {
      const ssize_t got = pread(descriptor_, to, count, static_cast<off_t>(offset));
      if (got < 0 && errno == EINTR) continue;
      if (got <= 0) return false;
      offset += static_cast<uint64_t>(got);
      to += got;
      count -= static_cast<size_t>(got);
    }
    return true;
  }
  bool Read(uint64_t offset, size_t count, Bytes& bytes) const {
    if (offset > size_ || count > size_ - offset) return false;
    bytes.resize(count);
    return Read(offset, bytes.data(), count);
  }

 private:
  const int descriptor_;
  uint64_t size_ = 0;
};

Status Broken(std::string_view what) { return Status::InvalidArg("the file is damaged: ", what); }

// The last record of an archive says where its directory is; of one with large numbers, a record before it does.
Result<Directory> FindDirectory(const File& file) {
  Bytes tail;
  const auto tail_size = static_cast<size_t>(std::min<uint64_t>(file.size(), kEndSize + 0xffff));
  const uint64_t tail_offset = file.size() - tail_size;
  if (!file.Read(tail_offset, tail_size, tail)) return Broken("it cannot be read");
  for (size_t at = tail_size < kEndSize ? 0 : tail_size - kEndSize + 1; at-- > 0;) {
    if (Read<uint32_t>(&tail[at]) != kEnd) continue;
    Directory directory{.offset = Read<uint32_t>(&tail[at + 16]),
                        .size = Read<uint32_t>(&tail[at + 12]),
                        .members = Read<uint16_t>(&tail[at + 10])};
    const bool is_64 = at >= kLocatorSize && Read<uint32_t>(&tail[at - kLocatorSize]) == kEnd64Locator;
    if (!is_64) return directory;
    Bytes end;
    if (!file.Read(Read<uint64_t>(&tail[at - kLocatorSize + 8]), kEnd64Size, end) ||
        Read<uint32_t>(end.data()) != kEnd64) {
      return Broken("its ZIP64 record is not where it should be");
    }
    directory.members = Read<uint64_t>(&end[32]);
    directory.size = Read<uint64_t>(&end[40]);
    directory.offset = Read<uint64_t>(&end[48]);
    return directory;
  }
  return Status::InvalidArg(
      "expected a ZIP archive, as PyTorch writes its models, got something else or only a part of one");
}

// Numbers that do not fit their 32 bits stand in the extra field, in this order.
void ReadLargeNumbers(const unsigned char* extra, size_t size, Member& member) {
  while (size >= 4) {
    const auto id = Read<uint16_t>(extra);
    const size_t length = std::min<size_t>(Read<uint16_t>(extra + 2), size - 4);
    const unsigned char* at = extra + 4;
    const unsigned char* const end = at + length;
    for (uint64_t* number : {&member.size, &member.packed_size, &member.header}) {
      if (id != kZip64Field || *number != 0xffffffff || end - at < 8) continue;
      *number = Read<uint64_t>(at);
      at += 8;
    }
    extra += 4 + length;
    size -= 4 + length;
  }
}

Result<std::vector<Member>> ReadDirectory(const File& file, const Directory& directory) {
  Bytes bytes;
  if (directory.size > kMaxDirectory || !file.Read(directory.offset, static_cast<size_t>(directory.size), bytes)) {
    return Broken("its directory is not where it should be");
  }
  std::vector<Member> members;
  size_t at = 0;
  while (members.size() < directory.members) {
    if (bytes.size() - at < kCentralSize || Read<uint32_t>(&bytes[at]) != kCentralHeader) {
      return Broken("its directory has fewer members than it says");
    }
    const unsigned char* const header = &bytes[at];
    const size_t name_size = Read<uint16_t>(header + 28);
    const size_t extra_size = Read<uint16_t>(header + 30);
    const size_t size = kCentralSize + name_size + extra_size + Read<uint16_t>(header + 32);
    if (bytes.size() - at < size) return Broken("its directory ends within a member");
    Member member{.name = std::string(reinterpret_cast<const char*>(header) + kCentralSize, name_size),
                  .method = Read<uint16_t>(header + 10),
                  .crc = Read<uint32_t>(header + 16),
                  .packed_size = Read<uint32_t>(header + 20),
                  .size = Read<uint32_t>(header + 24),
                  .header = Read<uint32_t>(header + 42)};
    ReadLargeNumbers(header + kCentralSize + name_size, extra_size, member);
    members.push_back(std::move(member));
    at += size;
  }
  return members;
}

// Unpacks one member, piece by piece, and sums it up.
class Sum {
 public:
  explicit Sum(bool packed) : packed_(packed), unpacked_(packed ? kPiece : 0) {
    if (packed_) good_ = inflateInit2(&stream_, -MAX_WBITS) == Z_OK;
  }
  ~Sum() {
    if (packed_) inflateEnd(&stream_);
  }
  Sum(const Sum&) = delete;
  Sum& operator=(const Sum&) = delete;

  // Whether it can go on; no more than `limit` bytes are unpacked.
  bool Add(unsigned char* bytes, size_t count, uint64_t limit) {
    if (!packed_) {
      Count(bytes, count);
      return size_ <= limit;
    }
    stream_.next_in = bytes;
    stream_.avail_in = static_cast<uInt>(count);
    while (good_ && !ended_ && stream_.avail_in > 0 && size_ <= limit) {
      stream_.next_out = unpacked_.data();
      stream_.avail_out = static_cast<uInt>(unpacked_.size());
      const int state = inflate(&stream_, Z_NO_FLUSH);
      good_ = state == Z_OK || state == Z_STREAM_END;
      ended_ = state == Z_STREAM_END;
      Count(unpacked_.data(), unpacked_.size() - stream_.avail_out);
    }
    return good_ && size_ <= limit;
  }

  uint64_t size() const { return size_; }
  uint32_t crc() const { return static_cast<uint32_t>(crc_); }

 private:
  void Count(const unsigned char* bytes, size_t count) {
    crc_ = crc32(crc_, bytes, static_cast<uInt>(count));
    size_ += count;
  }

  const bool packed_;
  Bytes unpacked_;
  z_stream stream_ = {};
  bool good_ = true;
  bool ended_ = false;
  uint64_t size_ = 0;
  uLong crc_ = crc32(0, nullptr, 0);
};

Status CheckMember(const File& file, const Member& member, Bytes& piece) {
  const auto damaged = [&member] {
    return Status::InvalidArg("the file is damaged: '", member.name, "' in it is not what was written");
  };
  if (member.method != 0 && member.method != Z_DEFLATED) return damaged();
  Bytes header;
  if (!file.Read(member.header, kLocalSize, header) || Read<uint32_t>(header.data()) != kLocalHeader) return damaged();
  uint64_t at = member.header + kLocalSize + Read<uint16_t>(&header[26]) + Read<uint16_t>(&header[28]);
  if (at > file.size() || member.packed_size > file.size() - at) return damaged();
  Sum sum(member.method != 0);
  for (uint64_t left = member.packed_size; left > 0;) {
    const auto count = static_cast<size_t>(std::min<uint64_t>(left, kPiece));
    if (!file.Read(at, piece.data(), count) || !sum.Add(piece.data(), count, member.size)) return damaged();
    at += count;
    left -= count;
  }
  // A writer may be told to leave the checksum out: it is 0 then.
  const bool same = sum.size() == member.size && (sum.crc() == member.crc || member.crc == 0);
  return same ? Status() : damaged();
}

}  // namespace

Status CheckArchive(const std::string& path) {
  const File file(path);
  if (!file.is_open()) return Status::InvalidArg("it cannot be opened: ", std::strerror(errno));
  NESO_ASSIGN_OR_RETURN(const Directory directory, FindDirectory(file));
  NESO_ASSIGN_OR_RETURN(const std::vector<Member> members, ReadDirectory(file, directory));
  Bytes piece(kPiece);
  uint64_t total = 0;
  for (const Member& member : members) {
    // Members that share their bytes would make a small file a long work.
    total += member.packed_size;
    if (total > file.size()) return Broken("its members are larger than it is");
    NESO_RETURN_IF_ERROR(CheckMember(file, member, piece));
  }
  return {};
}

}  // namespace neso::pytorch
