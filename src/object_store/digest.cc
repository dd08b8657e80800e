#include "object_store/digest.h"

#include <fcntl.h>
#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/pem.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <memory>
#include <vector>

#include "base/base64.h"

namespace neso::object_store {
namespace {

template <auto Free>
struct Freed {
  template <typename T>
  void operator()(T* object) const {
    Free(object);
  }
};
using DigestContext = std::unique_ptr<EVP_MD_CTX, Freed<EVP_MD_CTX_free>>;
using Key = std::unique_ptr<EVP_PKEY, Freed<EVP_PKEY_free>>;

const unsigned char* BytesOf(std::string_view text) { return reinterpret_cast<const unsigned char*>(text.data()); }

// CRC-32C (Castagnoli), as Google's store has it; by tables, eight bytes at a time.
class Crc32c {
 public:
  void Add(std::string_view bytes) {
    const Tables& tables = TablesOf();
    uint32_t crc = crc_;
    const unsigned char* at = BytesOf(bytes);
    size_t left = bytes.size();
    for (; left >= 8; left -= 8, at += 8) {
      uint32_t low, high;
      std::memcpy(&low, at, 4);
      std::memcpy(&high, at + 4, 4);
      low ^= crc;
      crc = tables[7][low & 255] ^ tables[6][(low >> 8) & 255] ^ tables[5][(low >> 16) & 255] ^ tables[4][low >> 24] ^
            tables[3][high & 255] ^ tables[2][(high >> 8) & 255] ^ tables[1][(high >> 16) & 255] ^
            tables[0][high >> 24];
    }
    for (; left > 0; --left, ++at) crc = (crc >> 8) ^ tables[0][(crc ^ *at) & 255];
    crc_ = crc;
  }
  uint32_t value() const { return ~crc_; }

 private:
  using Tables = std::array<std::array<uint32_t, 256>, 8>;
  static const Tables& TablesOf() {
    static const Tables tables = [] {
      Tables made{};
      for (uint32_t byte = 0; byte < 256; ++byte) {
        uint32_t crc = byte;
        for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ ((crc & 1) != 0 ? 0x82F63B78U : 0U);
        made[0][byte] = crc;
      }
      for (size_t i = 1; i < made.size(); ++i) {
        for (size_t byte = 0; byte < 256; ++byte) {
          made[i][byte] = (made[i - 1][byte] >> 8) ^ made[0][made[i - 1][byte] & 255];
        }
      }
      return made;
    }();
    return tables;
  }
  uint32_t crc_ = 0xFFFFFFFFU;
};

struct FileDescriptor {
  explicit FileDescriptor(const std::string& path) : fd(open(path.c_str(), O_RDONLY | O_CLOEXEC)) {}
  ~FileDescriptor() {
    if (fd >= 0) close(fd);
  }
  FileDescriptor(const FileDescriptor&) = delete;
  FileDescriptor& operator=(const FileDescriptor&) = delete;
  const int fd;
};

template <typename Take>
Status ReadPieces(const std::string& path, Take take) {
  const FileDescriptor file(path);
  if (file.fd < 0) return Internal("failed to open {}: {}", path, std::strerror(errno));
  std::vector<char> piece(1U << 20);
  while (true) {
    const ssize_t count = read(file.fd, piece.data(), piece.size());
    if (count == 0) return {};
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return Internal("failed to read {}: {}", path, std::strerror(errno));
    take(std::string_view(piece.data(), static_cast<size_t>(count)));
  }
}

}  // namespace

std::string Sha256(std::string_view bytes) {
  std::string digest(32, '\0');
  EVP_Digest(bytes.data(), bytes.size(), reinterpret_cast<unsigned char*>(digest.data()), nullptr, EVP_sha256(),
             nullptr);
  return digest;
}

std::string HmacSha256(std::string_view key, std::string_view message) {
  std::string digest(32, '\0');
  HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()), BytesOf(message), message.size(),
       reinterpret_cast<unsigned char*>(digest.data()), nullptr);
  return digest;
}

std::string Hex(std::string_view bytes) {
  std::string text;
  for (const char c : bytes) text += fmt::format("{:02x}", static_cast<unsigned char>(c));
  return text;
}

std::string FromHex(std::string_view text) {
  const auto digit = [](char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
  };
  std::string bytes;
  if (text.size() % 2 != 0) return bytes;
  for (size_t i = 0; i < text.size(); i += 2) {
    const int high = digit(text[i]), low = digit(text[i + 1]);
    if (high < 0 || low < 0) return {};
    bytes += static_cast<char>(high * 16 + low);
  }
  return bytes;
}

std::string EncodeBase64Url(std::string_view bytes) {
  std::string text = EncodeBase64(bytes);
  while (text.ends_with('=')) text.pop_back();
  for (char& c : text) c = c == '+' ? '-' : c == '/' ? '_' : c;
  return text;
}

Expected<std::string> SignRs256(const std::string& private_key_pem, std::string_view message) {
  const std::unique_ptr<BIO, Freed<BIO_free>> text(
      BIO_new_mem_buf(private_key_pem.data(), static_cast<int>(private_key_pem.size())));
  // A key that is encrypted is refused, rather than asked for at a terminal.
  const auto no_password = [](char*, int, int, void*) { return 0; };
  const Key key(PEM_read_bio_PrivateKey(text.get(), nullptr, no_password, nullptr));
  const DigestContext context(EVP_MD_CTX_new());
  size_t size = 0;
  const bool made = key != nullptr && EVP_PKEY_get_base_id(key.get()) == EVP_PKEY_RSA &&
                    EVP_DigestSignInit(context.get(), nullptr, EVP_sha256(), nullptr, key.get()) == 1 &&
                    EVP_DigestSign(context.get(), nullptr, &size, BytesOf(message), message.size()) == 1;
  if (!made) return InvalidArg("expected an RSA private key in PEM, without a password");
  std::string signature(size, '\0');
  EVP_DigestSign(context.get(), reinterpret_cast<unsigned char*>(signature.data()), &size, BytesOf(message),
                 message.size());
  signature.resize(size);
  return signature;
}

Status CheckFileDigests(const std::string& file, const ObjectDigests& digests) {
  if (digests.md5.empty() && !digests.crc32c) return {};
  const DigestContext md5(EVP_MD_CTX_new());
  // Where a policy bars MD5, it cannot be checked; a CRC can.
  const bool checks_md5 = !digests.md5.empty() && EVP_DigestInit_ex(md5.get(), EVP_md5(), nullptr) == 1;
  Crc32c crc32c;
  RETURN_IF_ERROR(ReadPieces(file, [&](std::string_view piece) {
    if (checks_md5) EVP_DigestUpdate(md5.get(), piece.data(), piece.size());
    if (digests.crc32c) crc32c.Add(piece);
  }));
  if (checks_md5) {
    std::string found(16, '\0');
    EVP_DigestFinal_ex(md5.get(), reinterpret_cast<unsigned char*>(found.data()), nullptr);
    if (found != digests.md5) return Internal("expected content of MD5 {}, got {}", Hex(digests.md5), Hex(found));
  }
  if (digests.crc32c && crc32c.value() != *digests.crc32c) {
    return Internal("expected content of CRC32C {:08x}, got {:08x}", *digests.crc32c, crc32c.value());
  }
  return {};
}

}  // namespace neso::object_store
