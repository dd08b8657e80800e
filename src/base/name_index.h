// Finds named things in a list: compared one by one while they are few, looked up in a tree when they are many, so that
// no number of names makes looking for each of them quadratic. A tree, because clients choose the names, and could
// choose such as collide in a hash.
//
//   NameIndex index;
//   index.Update(std::span(inputs), &Input::name);                        // after inputs were added at the end
//   if (Input* input = index.Find(std::span(inputs), "x", &Input::name)) ...
#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <span>
#include <string>
#include <string_view>

namespace neso {

// Thread-compatible: Find only reads. `name_of` is a member, a member function or a function of one thing.
class NameIndex {
 public:
  // The first of `things` with that name, or null. Precondition: Update has seen all of them.
  template <typename T, typename NameOf>
  T* Find(std::span<T> things, std::string_view name, NameOf name_of) const {
    if (things.size() <= kFew) {
      for (T& thing : things) {
        if (std::invoke(name_of, thing) == name) return &thing;
      }
      return nullptr;
    }
    const auto found = positions_.find(name);
    return found == positions_.end() ? nullptr : &things[found->second];
  }

  // Takes in what was added to the end of `things` since the last time.
  template <typename T, typename NameOf>
  void Update(std::span<T> things, NameOf name_of) {
    if (things.size() <= kFew) return;
    for (; known_ < things.size(); ++known_) {
      positions_.try_emplace(std::string(std::invoke(name_of, things[known_])), known_);
    }
  }

  // Before Update, when things were taken out or renamed.
  void Forget() {
    if (known_ == 0) return;
    positions_.clear();
    known_ = 0;
  }

 private:
  // Up to here, comparing is at least as fast, and needs no memory.
  static constexpr size_t kFew = 16;

  std::map<std::string, size_t, std::less<>> positions_;
  size_t known_ = 0;
};

}  // namespace neso
