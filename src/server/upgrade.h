// A new process of the program, perhaps of a newer version, that takes over the listening sockets of this one.
//
//   ASSIGN_OR_RETURN(auto upgrade, Upgrade::Begin(arguments, services.ListeningSockets()));
//   ... until upgrade->fd() can be read ...
//   if (const Expected<pid_t> successor = upgrade->Finish()) ...   // it serves; or it has ended, and why
//
// Both processes hold the same sockets, so at no moment is a connection refused. Confined to the main thread.
#pragma once

#include <sys/types.h>

#include <memory>
#include <string>
#include <vector>

#include "base/owned_descriptor.h"
#include "base/status.h"

namespace neso {

// The descriptor on which the new process says that it serves; its sockets come as by socket activation.
inline constexpr const char* kUpgradeVariable = "NESO_UPGRADE";

struct ListeningSocket {
  std::string service;  // as server/inherited_sockets.h names it
  int fd;
};

class Upgrade {
 public:
  // Starts the program that `arguments` names, as it was found when this process was started, with the same arguments.
  // Error: kInternal with the reason.
  static Expected<std::unique_ptr<Upgrade>> Begin(std::vector<std::string> arguments,
                                                  const std::vector<ListeningSocket>& sockets);
  // Ends a process that does not serve yet.
  ~Upgrade();
  Upgrade(const Upgrade&) = delete;
  Upgrade& operator=(const Upgrade&) = delete;

  int fd() const { return answer_.get(); }
  // Once `fd` can be read: the process that serves now. Error: kInternal, it has ended, and how.
  Expected<pid_t> Finish();

 private:
  Upgrade(pid_t process, OwnedDescriptor answer) : process_(process), answer_(std::move(answer)) {}

  pid_t process_;  // 0: not ours to end
  OwnedDescriptor answer_;
};

}  // namespace neso
