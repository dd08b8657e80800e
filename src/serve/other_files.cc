#include "serve/other_files.h"

#include <array>
#include <cstdint>
#include <cstring>

namespace neso {
namespace {

struct OtherFile {
  std::string_view begins_with;
  const char* complaint;
};

constexpr const char* kWebPage =
    "is a web page, not a model: the download has failed, or led to a page about the model";
constexpr const char* kPickle =
    "is a pickle, which is a program for the Python that wrote it: of scikit-learn serve an ONNX file (skl2onnx) or a treelite "
    "checkpoint, of PyTorch torch.jit.script(network).save(\"model.pt\")";

constexpr std::array<OtherFile, 10> kOtherFiles = {{
    {"version https://git-lfs", "is a pointer of Git LFS, not the model: 'git lfs pull' fetches the model itself"},
    {"<!DOCTYPE", kWebPage},
    {"<!doctype", kWebPage},
    {"<html", kWebPage},
    {"\x89HDF\r\n",
     "is a file of Keras (HDF5): write a SavedModel of it, model.export(\"model\"), and serve that folder"},
    {"\x80\x02", kPickle},
    {"\x80\x03", kPickle},
    {"\x80\x04", kPickle},
    {"\x80\x05", kPickle},
    {"GGUF",
     "holds weights of a language model (GGUF), for which Neso brings no backend: serve a model.py that runs them"},
}};

// Its header's length, then the header: {"name":{"dtype":...
bool IsSafetensors(std::string_view head) {
  uint64_t length = 0;
  if (head.size() <= sizeof(length)) return false;
  std::memcpy(&length, head.data(), sizeof(length));
  const std::string_view header = head.substr(sizeof(length));
  return header.starts_with('{') && length < (uint64_t{1} << 32) && header.find("\"dtype\"") != std::string_view::npos;
}

}  // namespace

Status CheckIsNoOtherFile(std::string_view head) {
  if (head.empty()) return InvalidArg("is empty");
  for (const OtherFile& other : kOtherFiles) {
    if (head.starts_with(other.begins_with)) return InvalidArg("{}", other.complaint);
  }
  if (!IsSafetensors(head)) return {};
  return InvalidArg(
      "holds weights without the network (safetensors): export the network with them, to ONNX or TorchScript, or serve a "
      "model.py that reads them");
}

}  // namespace neso
