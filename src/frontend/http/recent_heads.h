// JSON heads of inferences that come again: a client that asks for the same shapes time after time sends the same head
// before other tensors, and reading it takes a quarter of the instructions of a small request.
//
//   RecentHeads* const heads = RecentHeads::OfThread();
//   if (JsonDocument* known = heads == nullptr ? nullptr : heads->Find(head, is_elements)) return FillFrom(*known);
#pragma once

#include <array>
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include "base/json.h"

namespace neso {

// The last few of a thread. Confined to it: nothing is shared, and nothing is to be locked.
class RecentHeads {
 public:
  // Longer ones are not kept: what they hold besides is tensors, which do not come again.
  static constexpr size_t kMostBytes = 1024;

  // Null without memory.
  static RecentHeads* OfThread();

  // What `text` says, from its second time on. Null: it has not been seen of late, is too long, or is not well formed.
  // Valid until the next call. All of it is checked (JsonDocument::Parse), with arrays of elements where
  // `is_elements` says so.
  JsonDocument* Find(std::string_view text, JsonDocument::IsElements is_elements);

 private:
  static constexpr size_t kCount = 8;

  // The document's arrays of elements are views into the text, so neither moves.
  struct Head {
    std::string text;
    std::unique_ptr<JsonDocument> document;  // made when the text comes for the second time
  };

  // `text` was seen for the first time.
  void Note(std::string_view text);

  std::array<Head, kCount> heads_;
  size_t next_ = 0;  // that is given up for a new one
};

}  // namespace neso
