#include "perf/export_json.h"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "base/json.h"

namespace neso::perf {
namespace {

// What changes a time of the steady clock into one of the system's.
class SystemTimes {
 public:
  SystemTimes()
      : offset_(std::chrono::duration_cast<Nanoseconds>(std::chrono::system_clock::now().time_since_epoch() -
                                                        std::chrono::steady_clock::now().time_since_epoch())) {}
  int64_t Of(TimePoint time) const { return (time.time_since_epoch() + offset_).count(); }

 private:
  const Nanoseconds offset_;
};

std::string RequestJson(const Sample& sample, const SystemTimes& times, const std::vector<std::string>& inputs,
                        const Answers& answers) {
  std::string text = fmt::format(R"({{"timestamp":{})", times.Of(sample.begin));
  if (sample.turn.sequence != 0) text += fmt::format(R"(,"sequence_id":{})", sample.turn.sequence);
  const auto outputs = [&answers](size_t number) -> std::string_view {
    return number == Answers::kNotKept ? "{}" : std::string_view(answers.TextOf(number));
  };
  std::vector<int64_t> stamps;
  std::vector<std::string_view> texts;
  for (const Sample::KeptAnswer& answer : sample.kept) {
    stamps.push_back(times.Of(answer.time));
    texts.push_back(outputs(answer.number));
  }
  text += fmt::format(R"(,"request_inputs":{},"response_timestamps":[{}],"response_outputs":[{}]}})",
                      inputs[sample.turn.request], fmt::join(stamps, ","), fmt::join(texts, ","));
  return text;
}

std::string BoundariesJson(std::span<const Window> windows, const SystemTimes& times) {
  std::string text = "[";
  for (const Window& window : windows) {
    if (text.size() > 1) text += ',';
    text += fmt::format("{},{}", times.Of(window.begin), times.Of(window.end));
  }
  return text + "]";
}

}  // namespace

std::string ExportJson(const Options& options, const Target& target, std::span<const Measured> results) {
  const SystemTimes times;
  std::vector<std::string> inputs;
  for (size_t i = 0; i < target.requests().size(); i++) inputs.push_back(target.InputsJson(i));
  std::string text = R"({"experiments":[)";
  for (const Measured& measured : results) {
    if (&measured != results.data()) text += ',';
    text += fmt::format(R"({{"experiment":{{"mode":"{}","value":{:g}}},"requests":[)",
                        IsByTime(options.load) ? "request_rate" : "concurrency", measured.load);
    const char* separator = "";
    for (const Window& window : measured.windows) {
      for (const Sample& sample : window.samples) {
        text += separator + RequestJson(sample, times, inputs, target.answers());
        separator = ",";
      }
    }
    text += R"(],"window_boundaries":)" + BoundariesJson(measured.windows, times) + "}";
  }
  return text +
         fmt::format(R"(],"version":"neso","service_kind":"{}","endpoint":{}}})", NameOf(options.service),
                     JsonQuoted(options.endpoint.substr(std::min<size_t>(1, options.endpoint.size())))) +
         "\n";
}

}  // namespace neso::perf
