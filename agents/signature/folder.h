// What a model's folder holds, as a signature covers it: every folder and file in it but the signature itself.
//
//   NESO_ASSIGN_OR_RETURN(const Listing listing, ListFolder("/models/digits"));   // names and sizes
//   NESO_ASSIGN_OR_RETURN(const std::string digest, DigestOf("/models/digits/1/model.onnx", nullptr));
//
// Links are followed, and what they lead to counts under the link's name: a copy with files in place of links is the same
// model.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "neso/backend/status.h"

namespace neso::signature {

using backend::Result;
using backend::Status;

inline constexpr const char* kSignatureFile = "model.signature";

struct Entry {
  bool is_folder = false;
  uint64_t bytes = 0;
  std::string sha256;  // in hexadecimal digits; of files, once they have been read
  bool operator==(const Entry&) const = default;
};
using Listing = std::map<std::string, Entry>;  // by path below the model's folder

// Errors: INVALID_ARG for what is neither a file nor a folder, for links that lead nowhere or in a circle, and for more
// than a million entries; UNAVAILABLE for what cannot be read.
Result<Listing> ListFolder(const std::string& folder);

// SHA-256 of a file's contents. With `copy`, the path of a new file, what is read is also written there: the copy has the
// digest, whatever happens to the original. Errors: UNAVAILABLE.
Result<std::string> DigestOf(const std::string& path, const std::string* copy);

// What a signature can be read from at most.
inline constexpr size_t kMaxSignatureBytes = size_t{256} << 20;
// A regular file's contents. Errors: NOT_FOUND if it is not there, else UNAVAILABLE.
Result<std::string> ReadWholeFile(const std::string& path, size_t max_bytes);
// A file that is not there yet. Error: UNAVAILABLE.
Status WriteNewFile(const std::string& path, std::string_view contents, unsigned mode);
// A file that is there or not: whoever reads it meanwhile finds the former one or the new one. Error: UNAVAILABLE.
Status ReplaceFile(const std::string& path, std::string_view contents, unsigned mode);

}  // namespace neso::signature
