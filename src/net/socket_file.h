// The file of a listening Unix-domain socket, with its other names; all of them go with it.
#pragma once

#include <sys/types.h>

#include <string>
#include <system_error>

namespace neso::net {

// Owns the files. One that somebody else has put in their place stays.
class SocketFile {
 public:
  SocketFile() = default;
  SocketFile(SocketFile&& other) noexcept;
  SocketFile& operator=(SocketFile&&) = delete;
  ~SocketFile() { Remove(); }

  // The longest path that an address holds.
  static size_t MaxPathBytes();
  // Binds `fd`, once. A file that nobody listens on was left behind by a process that was killed: it is replaced.
  // Error: address_in_use when somebody listens there, or when it is no socket.
  std::error_code Bind(int fd, const std::string& path);
  // Makes `name`, in the same folder, a link to it. Errors: as for Bind.
  std::error_code AddName(const std::string& name);
  // The file that somebody else has made, who leaves it to us.
  void Adopt(const std::string& path);
  // Leaves it to somebody else.
  void Release();
  void Remove();

 private:
  std::string path_;  // empty: there is none
  std::string name_;  // likewise
  dev_t device_ = 0;
  ino_t inode_ = 0;
};

}  // namespace neso::net
