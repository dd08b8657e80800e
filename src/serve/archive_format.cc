#include "serve/archive_format.h"

#include <algorithm>
#include <vector>

namespace neso {
namespace {

constexpr std::string_view kEntrySignature = "PK\x01\x02";
constexpr size_t kNameLengthAt = 28;
constexpr size_t kNameAt = 46;

// Views into `tail`. What looks like an entry's signature within the data gives a name that nobody asks for.
std::vector<std::string_view> NamesIn(std::string_view tail) {
  std::vector<std::string_view> names;
  for (size_t at = tail.find(kEntrySignature); at != std::string_view::npos;
       at = tail.find(kEntrySignature, at + kEntrySignature.size())) {
    if (tail.size() - at < kNameAt) break;
    const auto byte = [&](size_t offset) { return static_cast<size_t>(static_cast<unsigned char>(tail[at + offset])); };
    const size_t length = byte(kNameLengthAt) | byte(kNameLengthAt + 1) << 8;
    names.push_back(tail.substr(at + kNameAt, length));
  }
  return names;
}

}  // namespace

Expected<ModelFormat> RecognizeArchive(std::string_view tail) {
  const std::vector<std::string_view> names = NamesIn(tail);
  const auto has = [&](const auto& is_it) { return std::any_of(names.begin(), names.end(), is_it); };
  const auto has_end = [&](std::string_view end) {
    return has([&](std::string_view name) { return name.ends_with(end); });
  };
  const auto has_part = [&](std::string_view part) {
    return has([&](std::string_view name) { return name.find(part) != std::string_view::npos; });
  };
  if (names.empty())
    return InvalidArg("is a ZIP archive that is damaged or cut off: its directory, at the end, is not there");
  if (has_end("constants.pkl")) return ModelFormat::kTorchScript;
  if (has_part("data/aotinductor/")) return ModelFormat::kAotInductor;
  if (has_end("models/model.json") || has_end("serialized_exported_program.json")) {
    return InvalidArg(
        "is an exported program of PyTorch that is not compiled: torch._inductor.aoti_compile_and_package() makes a package "
        "of it that can be served");
  }
  if (has_end("data.pkl")) {
    return InvalidArg(
        "holds what torch.save() writes, weights without the network: serve torch.jit.script(network).save(\"model.pt\")");
  }
  if (has_end("model.weights.h5")) {
    return InvalidArg("is a file of Keras: write a SavedModel of it, model.export(\"model\"), and serve that folder");
  }
  if (has_end(".dist-info/METADATA")) {
    return InvalidArg("is a Python wheel: install it with pip, and serve it by the package's name");
  }
  return InvalidArg("is a ZIP archive of something else than a model of PyTorch: unpack it, and serve what is in it");
}

}  // namespace neso
