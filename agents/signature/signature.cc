#include "signature.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <optional>
#include <string_view>
#include <utility>

#include "folder.h"
#include "signature_file.h"

namespace neso::signature {
namespace {

std::string NameOf(const std::string& folder) {
  std::filesystem::path path = std::filesystem::absolute(folder).lexically_normal();
  if (!path.has_filename()) path = path.parent_path();
  return path.filename().string();
}

std::string ModelLine(const std::string& folder) { return "model " + Escaped(NameOf(folder)) + "\n"; }

std::string Line(const std::string& path, const Entry& entry) {
  if (entry.is_folder) return "folder " + Escaped(path) + "\n";
  return backend::Concat("file ", entry.sha256, " ", entry.bytes, " ", Escaped(path), "\n");
}

// What is signed.
std::string TextOf(const std::string& folder, const Listing& listing) {
  std::string text = std::string(kSignatureTitle) + ModelLine(folder);
  for (const auto& [path, entry] : listing) text += Line(path, entry);
  return text;
}

// Reads each file; copies folders and files to `copy` if it is given.
Status ReadFiles(const std::string& folder, Listing& listing, const std::string* copy) {
  for (auto& [path, entry] : listing) {
    const std::string target = copy == nullptr ? std::string() : *copy + "/" + path;
    if (!entry.is_folder) {
      NESO_ASSIGN_OR_RETURN(entry.sha256, DigestOf(folder + "/" + path, copy == nullptr ? nullptr : &target));
    } else if (copy != nullptr && mkdir(target.c_str(), 0700) != 0) {
      return Status::Unavailable("cannot make '", target, "': ", std::strerror(errno));
    }
  }
  return {};
}

// The id of the key whose signature fits.
Result<std::string> FindSigner(const SignatureFile& file, const std::vector<Key>& keys, const std::string& model) {
  std::string unknown;
  for (const auto& [id, signature] : file.signatures) {
    bool is_known = false;
    for (const Key& key : keys) {
      NESO_ASSIGN_OR_RETURN(const std::string known, key.Id());
      if (known != id) continue;
      is_known = true;
      if (key.HasSigned(file.text, signature)) return known;
    }
    if (is_known) {
      return Status::InvalidArg("model '", model, "': the signature by key ", id, " is not one of what ",
                                kSignatureFile, " says: the file was changed after it was signed");
    }
    unknown += (unknown.empty() ? "" : ", ") + id;
  }
  return Status::InvalidArg("model '", model, "' is signed by key ", unknown, ", which is not trusted here");
}

// Says how the folder differs in a way that needs no reading of its files: names and sizes.
Status CompareNames(const std::string& folder, const std::string& signed_text, const Listing& listing) {
  const std::string model = NameOf(folder);
  std::string_view rest = signed_text;
  TakeLine(rest);
  if (const std::string line = std::string(TakeLine(rest)) + "\n"; line != ModelLine(folder)) {
    return Status::InvalidArg("model '", model, "' was signed under another name: '", line.substr(0, line.size() - 1),
                              "'");
  }
  std::map<std::string, std::string> lines = LinesByPath(signed_text);
  for (const auto& [path, entry] : listing) {
    const auto line = lines.find(Escaped(path));
    if (line == lines.end()) {
      return Status::InvalidArg("model '", model, "' is not what was signed: '", path, "' was added");
    }
    const std::string was = line->second.substr(0, line->second.find(' '));
    if (was != (entry.is_folder ? "folder" : "file")) {
      return Status::InvalidArg("model '", model, "' is not what was signed: '", path, "' was a ", was);
    }
    const bool has_size = line->second.ends_with(backend::Concat(" ", entry.bytes, " ", Escaped(path), "\n"));
    if (!entry.is_folder && !has_size) {
      return Status::InvalidArg("model '", model, "' is not what was signed: '", path, "' has another size, ",
                                entry.bytes, " bytes");
    }
    lines.erase(line);
  }
  if (!lines.empty()) {
    return Status::InvalidArg("model '", model, "' is not what was signed: '", lines.begin()->first, "' is missing");
  }
  return {};
}

Status CompareContents(const std::string& folder, const std::string& signed_text, const Listing& listing) {
  if (TextOf(folder, listing) == signed_text) return {};
  const std::string model = NameOf(folder);
  const std::map<std::string, std::string> lines = LinesByPath(signed_text);
  for (const auto& [path, entry] : listing) {
    const auto line = lines.find(Escaped(path));
    if (line != lines.end() && line->second == Line(path, entry)) continue;
    return Status::InvalidArg("model '", model, "' is not what was signed: '", path, "' has other contents");
  }
  return Status::InvalidArg("model '", model, "' is not what was signed");
}

}  // namespace

Status SignFolder(const std::string& folder, const std::vector<Key>& keys) {
  NESO_ASSIGN_OR_RETURN(Listing listing, ListFolder(folder));
  if (!listing.contains("config.pbtxt") &&
      std::ranges::none_of(listing, [](const auto& entry) { return entry.second.is_folder; })) {
    return Status::InvalidArg("'", folder, "' is not the folder of a model: expected config.pbtxt or a folder named 1");
  }
  NESO_RETURN_IF_ERROR(ReadFiles(folder, listing, nullptr).Release());
  std::string text = TextOf(folder, listing);
  std::string signatures;
  for (const Key& key : keys) {
    NESO_ASSIGN_OR_RETURN(const std::string id, key.Id());
    NESO_ASSIGN_OR_RETURN(const Bytes signature, key.Sign(text));
    signatures += std::string(kSignatureWord) + id + " " + Base64(signature) + "\n";
  }
  return ReplaceFile(folder + "/" + kSignatureFile, text + signatures, 0644);
}

Result<std::string> VerifyFolder(const std::string& folder, const std::vector<Key>& keys, const std::string* copy) {
  const std::string model = NameOf(folder);
  Result<std::string> contents = ReadWholeFile(folder + "/" + kSignatureFile, kMaxSignatureBytes);
  if (!contents.ok() && contents.status().code() == TRITONSERVER_ERROR_NOT_FOUND) {
    return Status::InvalidArg("model '", model, "' is not signed: it has no ", kSignatureFile,
                              " (neso sign makes one)");
  }
  if (!contents.ok()) return contents.TakeStatus();
  const std::optional<SignatureFile> file = ParseSignatureFile(*contents);
  if (!file) return Status::InvalidArg("model '", model, "': its ", kSignatureFile, " is none");
  // What is not signed is not looked at any further.
  NESO_ASSIGN_OR_RETURN(std::string signer, FindSigner(*file, keys, model));
  NESO_ASSIGN_OR_RETURN(Listing listing, ListFolder(folder));
  NESO_RETURN_IF_ERROR(CompareNames(folder, file->text, listing).Release());
  NESO_RETURN_IF_ERROR(ReadFiles(folder, listing, copy).Release());
  NESO_RETURN_IF_ERROR(CompareContents(folder, file->text, listing).Release());
  return signer;
}

}  // namespace neso::signature
