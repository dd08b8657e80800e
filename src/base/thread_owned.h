// One object for each thread that uses it, made at its first use and ended with the thread.
//
//   if (Cache* cache = ThreadOwned<Cache>::Get()) ...
#pragma once

#include <new>
#include <utility>

namespace neso {

// A pointer is all that is thread-local, since that has to be small in the library (src/CMakeLists.txt). It has neither
// constructor nor destructor, so that it costs nothing to look at and may be looked at until the thread is gone.
template <typename T>
class ThreadOwned {
 public:
  // Null as long as there is none.
  static T* Find() { return object_; }
  // Makes it if there is none. Null without memory, and when the thread ends.
  static T* Get() { return object_ != nullptr ? object_ : Make(); }

 private:
  struct End {
    ~End() {
      has_ended_ = true;
      delete std::exchange(object_, nullptr);
    }
  };
  [[gnu::noinline, gnu::cold]] static T* Make() {
    if (has_ended_) return nullptr;
    object_ = new (std::nothrow) T;
    static thread_local End end;
    static_cast<void>(&end);
    return object_;
  }

  static inline constinit thread_local T* object_ = nullptr;
  static inline constinit thread_local bool has_ended_ = false;
};

}  // namespace neso
