// A folder for files that are not to outlive this process, even where it is killed.
//
// Its ".lock" is locked for as long as the process runs; whoever makes the next folder beside it removes those that
// nobody has locked any more.
#pragma once

#include <memory>
#include <string>

#include "base/status.h"

namespace neso {

class RunFolder final {
 public:
  // "<parent>/neso-objects-XXXXXX"; makes `parent` if it is not there. Error: kInternal when the disk says no.
  static Expected<std::unique_ptr<RunFolder>> Create(const std::string& parent);
  ~RunFolder();
  RunFolder(const RunFolder&) = delete;
  RunFolder& operator=(const RunFolder&) = delete;

  const std::string& path() const { return path_; }

 private:
  RunFolder(std::string path, int lock) : path_(std::move(path)), lock_(lock) {}
  const std::string path_;
  const int lock_;
};

}  // namespace neso
