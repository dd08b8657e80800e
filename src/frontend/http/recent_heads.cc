#include "frontend/http/recent_heads.h"

#include <algorithm>
#include <utility>

#include "base/thread_owned.h"

namespace neso {

RecentHeads* RecentHeads::OfThread() { return ThreadOwned<RecentHeads>::Get(); }

JsonDocument* RecentHeads::Find(std::string_view text, JsonDocument::IsElements is_elements) {
  if (text.size() > kMostBytes) return nullptr;
  const auto head = std::find_if(heads_.begin(), heads_.end(), [&](const Head& known) { return known.text == text; });
  if (head == heads_.end()) {
    Note(text);
    return nullptr;
  }
  if (head->document == nullptr) {
    auto document = std::make_unique<JsonDocument>();
    if (!document->Parse(head->text, is_elements).ok()) return nullptr;
    head->document = std::move(document);
  }
  return head->document.get();
}

void RecentHeads::Note(std::string_view text) {
  Head& head = heads_[next_];
  next_ = (next_ + 1) % kCount;
  head.document.reset();
  head.text = text;
}

}  // namespace neso
