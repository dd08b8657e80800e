// Server-sent events (the HTML standard, section 9.2) out of the bytes of an answer, however they are cut. Lines end in LF
// or CR LF: a CR alone, which the standard knows too, is not sent by anybody.
//
//   EventSplitter events;
//   events.Add(bytes, [](std::string_view event) {  // "data: {...}\n\n"
//     ForEachData(event, [](std::string_view data) { ... });
//   });
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>

namespace neso::client {

// Confined to a thread.
class EventSplitter {
 public:
  using Take = std::function<void(std::string_view event)>;

  // Gives `take` each event that is whole now, the empty line behind it included. What has no data, as comments that keep
  // a connection awake, is none.
  void Add(std::string_view bytes, const Take& take);
  // The answer has ended: so has the last event, if there is one without an empty line.
  void End(const Take& take);
  // Bytes of the one that is not whole.
  size_t pending() const { return rest_.size(); }

 private:
  std::string rest_;    // what has come of an event that is not whole
  size_t line_at_ = 0;  // where its last line begins
  bool has_data_ = false;
};

// What each "data:" line of an event has, without blanks around it.
void ForEachData(std::string_view event, const std::function<void(std::string_view data)>& take);

}  // namespace neso::client
