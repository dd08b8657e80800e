#include "command/repository/import_model.h"

#include <fcntl.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <system_error>
#include <vector>

#include "base/json.h"
#include "base/write_file.h"
#include "command/progress.h"
#include "serve/model_source.h"

namespace neso::command {
namespace {

namespace fs = std::filesystem;

constexpr size_t kBlock = 1 << 20;

Status Failed(const char* what, const fs::path& path, const std::error_code& error) {
  return Internal("cannot {} '{}': {}", what, path.string(), error.message());
}

Status MakeFolder(const fs::path& folder) {
  std::error_code error;
  fs::create_directories(folder, error);
  return error ? Failed("make the folder", folder, error) : Status();
}

struct Copy {
  fs::path from, to;
  uint64_t bytes = 0;
};

// What links lead to is copied: a repository stands by itself. `above`: the folders in which `from` lies, by their own
// names.
Status Collect(const fs::path& from, const fs::path& to, std::vector<Copy>& copies,
               const std::vector<fs::path>& above = {}) {
  std::error_code error;
  if (!fs::is_directory(from, error)) {
    copies.push_back({from, to, fs::file_size(from, error)});
    return error ? Failed("read", from, error) : Status();
  }
  std::vector<fs::path> here = above;
  here.push_back(fs::canonical(from, error));
  if (std::ranges::find(above, here.back()) != above.end())
    return InvalidArg("'{}' leads back to '{}', in which it lies: such a link has no end", from.string(),
                      here.back().string());
  copies.push_back({from, to});
  fs::directory_iterator it(from, error);
  for (const fs::directory_iterator end; !error && it != end; it.increment(error)) {
    if (!it->path().filename().string().starts_with('.'))
      RETURN_IF_ERROR(Collect(it->path(), to / it->path().filename(), copies, here));
  }
  return error ? Failed("read", from, error) : Status();
}

Status CopyFile(const Copy& copy, Progress& progress) {
  std::ifstream from(copy.from, std::ios::binary);
  std::ofstream to(copy.to, std::ios::binary);
  std::vector<char> block(kBlock);
  while (from && to) {
    from.read(block.data(), static_cast<std::streamsize>(block.size()));
    to.write(block.data(), from.gcount());
    progress.Add(static_cast<uint64_t>(from.gcount()));
  }
  to.close();
  if (!to) return Unavailable("cannot write {}: {}", copy.to.string(), std::strerror(errno));
  if (!from.eof()) return Internal("cannot read '{}': {}", copy.from.string(), std::strerror(errno));
  return {};
}

Status CopyAll(const std::vector<Copy>& copies, const std::string& what) {
  uint64_t total = 0;
  for (const Copy& copy : copies) total += copy.bytes;
  Progress progress("copying " + what, total);
  std::error_code error;
  for (const Copy& copy : copies) {
    RETURN_IF_ERROR(fs::is_directory(copy.from, error) ? MakeFolder(copy.to) : CopyFile(copy, progress));
  }
  return {};
}

// Fills `folder` with a file's, or a folder's, model.
Expected<std::string> LayOutLocal(const ModelSource& source, const fs::path& folder) {
  std::vector<Copy> copies;
  if (!source.format) {
    RETURN_IF_ERROR(Collect(source.path, folder, copies));
    RETURN_IF_ERROR(CopyAll(copies, source.name));
    return std::string();
  }
  const FormatFacts& facts = FactsOf(*source.format);
  const fs::path version = folder / "1";
  RETURN_IF_ERROR(MakeFolder(version));
  RETURN_IF_ERROR(Collect(source.path, version / facts.file, copies));
  const fs::path weights = fs::path(source.path).replace_extension(".bin");
  std::error_code error;
  if (facts.format == ModelFormat::kOpenVino && fs::exists(weights, error))
    RETURN_IF_ERROR(Collect(weights, version / "model.bin", copies));
  RETURN_IF_ERROR(CopyAll(copies, source.name));
  if (!facts.config.empty()) RETURN_IF_ERROR(WriteFile(folder / "config.pbtxt", facts.config));
  if (facts.tells_tensors) return std::string();
  return fmt::format("{} does not say what its tensors are: add input and output to {}", facts.title,
                     (folder.parent_path() / source.name / "config.pbtxt").string());
}

// The backend vllm fetches the model itself, when it is loaded.
Status LayOutVllm(const std::string& id, const fs::path& folder) {
  RETURN_IF_ERROR(MakeFolder(folder / "1"));
  RETURN_IF_ERROR(
      WriteFile(folder / "config.pbtxt", "backend: \"vllm\"\ninstance_group { count: 1 kind: KIND_MODEL }\n"));
  return WriteFile(folder / "1" / "model.json",
                   fmt::format("{{\"model\": {}, \"disable_log_requests\": true, \"gpu_memory_utilization\": 0.85}}\n",
                               JsonQuoted(id)));
}

std::string NameFor(const ImportOrder& order, const ModelSource& source) {
  if (!order.model.empty()) return order.model;
  const std::string& id = order.source.hugging_face;
  return id.empty() ? source.name : ModelNameFrom(id.substr(id.rfind('/') + 1));
}

Expected<std::string> LayOut(const ImportOrder& order, const ModelSource& source, const fs::path& folder) {
  if (order.source.hugging_face.empty()) return LayOutLocal(source, folder);
  RETURN_IF_ERROR(LayOutVllm(order.source.hugging_face, folder));
  return std::string(
      "it is served by the backend vllm, which has to be in the backend directory and fetches the weights");
}

// Two names that are there have each what the other had, and at no moment nothing.
bool Exchange(const fs::path& one, const fs::path& other) {
  return renameat2(AT_FDCWD, one.c_str(), AT_FDCWD, other.c_str(), RENAME_EXCHANGE) == 0;
}

// What was replaced is nobody's any more.
Status RemoveOld(const fs::path& old) {
  std::error_code error;
  fs::remove_all(old, error);
  return error ? Failed("remove what was replaced, in", old, error) : Status();
}

// What is at `folder` stays there until `half` takes its place.
Status PutInPlace(const fs::path& half, const fs::path& folder) {
  std::error_code error;
  if (!fs::exists(fs::symlink_status(folder, error))) {
    fs::rename(half, folder, error);
    return error ? Failed("make", folder, error) : Status();
  }
  if (Exchange(half, folder)) return RemoveOld(half);
  // Some file systems cannot: there the old one goes aside for a moment, and comes back should the new one not get there.
  const fs::path aside = half.string() + ".old";
  RETURN_IF_ERROR(RemoveOld(aside));
  fs::rename(folder, aside, error);
  if (!error) fs::rename(half, folder, error);
  if (!error) return RemoveOld(aside);
  Status failed = Failed("replace", folder, error);
  fs::rename(aside, folder, error);
  return failed;
}

}  // namespace

Expected<Imported> ImportModel(const ImportOrder& order) {
  ModelSource source;
  if (order.source.hugging_face.empty()) {
    ASSIGN_OR_RETURN(source, FindModel(order.source.path));
    if (source.is_repository) return InvalidArg("'{}' is a repository of models: name one of them", source.path);
  }
  source.name = NameFor(order, source);
  if (ModelNameFrom(source.name) != source.name)
    return InvalidArg("'{}' is no name of a model: expected letters, digits, '.', '_' and '-', such as {}", source.name,
                      ModelNameFrom(source.name));
  const fs::path folder = fs::path(order.repository) / source.name;
  std::error_code error;
  if (fs::exists(folder, error) && !order.replaces)
    return AlreadyExists("'{}' is there already: --force replaces it", folder.string());
  // Servers that poll do not look at names with a dot.
  const fs::path half = fs::path(order.repository) / ("." + source.name + ".importing");
  fs::remove_all(half, error);
  const Expected<std::string> note = LayOut(order, source, half);
  if (!note) {
    fs::remove_all(half, error);
    return note.error();
  }
  if (const Status placed = PutInPlace(half, folder); !placed.ok()) {
    fs::remove_all(half, error);
    return placed;
  }
  return Imported{.model = source.name, .folder = folder, .note = *note};
}

}  // namespace neso::command
