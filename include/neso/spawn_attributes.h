// How processes are to begin that have to end by signals: none is blocked and none is ignored, whatever the thread that starts
// them does.
//
//   const SpawnAttributes attributes(ProcessGroup::kOwn);
//   posix_spawn(&pid, path, &files, attributes.get(), arguments, environment);
#pragma once

#include <spawn.h>

#include <csignal>
#include <cstdint>

namespace neso {

// One of its own gets no Ctrl-C of the terminal's, and is ended as a whole by kill(-pid).
enum class ProcessGroup : uint8_t { kOfParent, kOwn };

class SpawnAttributes {
 public:
  explicit SpawnAttributes(ProcessGroup group) {
    sigset_t none;
    sigset_t all;
    sigemptyset(&none);
    sigfillset(&all);
    posix_spawnattr_init(&attributes_);
    posix_spawnattr_setsigmask(&attributes_, &none);
    posix_spawnattr_setsigdefault(&attributes_, &all);
    posix_spawnattr_setpgroup(&attributes_, 0);
    const int own_group = group == ProcessGroup::kOwn ? POSIX_SPAWN_SETPGROUP : 0;
    posix_spawnattr_setflags(&attributes_,
                             static_cast<int16_t>(POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | own_group));
  }
  ~SpawnAttributes() { posix_spawnattr_destroy(&attributes_); }
  SpawnAttributes(const SpawnAttributes&) = delete;
  SpawnAttributes& operator=(const SpawnAttributes&) = delete;

  const posix_spawnattr_t* get() const { return &attributes_; }

 private:
  posix_spawnattr_t attributes_;
};

}  // namespace neso
