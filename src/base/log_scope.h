// What this thread's log lines are about, for JSON lines (base/log_json.h), which have a field for it. The other forms are
// Triton's, and say it in the message where they say it at all.
//
//   const LogScope scope({.model = id, .version = version});
//   backend.Load(...);                        // its lines, too, say which model they are about
#pragma once

#include <cstdint>
#include <string_view>

namespace neso {

// What is empty is not known.
struct LogSubject {
  std::string_view model{};
  int64_t version = -1;  // of `model`; -1: all, or not known
  std::string_view request_id{};
  std::string_view trace_id{};  // 32 hexadecimal digits
};

// Confined to its thread. Costs a few stores.
class LogScope {
 public:
  // The texts outlive the scope. What `subject` leaves open is as in the scope around this one.
  explicit LogScope(const LogSubject& subject) : subject_(subject), outer_(innermost_) {
    if (outer_ != nullptr) FillFrom(outer_->subject_);
    innermost_ = this;
  }
  ~LogScope() { innermost_ = outer_; }
  LogScope(const LogScope&) = delete;
  LogScope& operator=(const LogScope&) = delete;

  static LogSubject Current() { return innermost_ != nullptr ? innermost_->subject_ : LogSubject(); }

 private:
  void FillFrom(const LogSubject& outer) {
    if (subject_.model.empty()) {
      subject_.model = outer.model;
      subject_.version = outer.version;
    }
    if (subject_.request_id.empty()) subject_.request_id = outer.request_id;
    if (subject_.trace_id.empty()) subject_.trace_id = outer.trace_id;
  }

  static inline thread_local const LogScope* innermost_ = nullptr;
  LogSubject subject_;
  const LogScope* const outer_;
};

}  // namespace neso
