// A folder for trace files.
#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

namespace neso {

class TraceTestFolder {
 public:
  TraceTestFolder() {
    std::string name = (std::filesystem::temp_directory_path() / "neso-traces-XXXXXX").string();
    EXPECT_NE(mkdtemp(name.data()), nullptr);
    path_ = name;
  }
  ~TraceTestFolder() { std::filesystem::remove_all(path_); }
  TraceTestFolder(const TraceTestFolder&) = delete;
  TraceTestFolder& operator=(const TraceTestFolder&) = delete;

  std::string Path(const std::string& name) const { return path_ / name; }
  bool Has(const std::string& name) const { return std::filesystem::exists(path_ / name); }
  std::string Read(const std::string& name) const {
    std::ifstream file(path_ / name);
    return {std::istreambuf_iterator<char>(file), {}};
  }
  void Write(const std::string& name, const std::string& text) const { std::ofstream(path_ / name) << text; }
  void Remove(const std::string& name) const { std::filesystem::remove(path_ / name); }
  void MakeFolder(const std::string& name) const { std::filesystem::create_directory(path_ / name); }

 private:
  std::filesystem::path path_;
};

}  // namespace neso
