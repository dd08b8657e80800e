#include "config/parse.h"

#include <google/protobuf/io/tokenizer.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>
#include <google/protobuf/stubs/logging.h>
#include <google/protobuf/text_format.h>
#include <google/protobuf/util/json_util.h>

#include <algorithm>
#include <mutex>

#include "base/log.h"

namespace neso {
namespace {

// The schema nests less than ten deep; this only stops input that tries.
constexpr int kMaxDepth = 64;
// A hostile file must not fill the log.
constexpr int kMaxFindings = 20;

void LogFromProtobuf(google::protobuf::LogLevel level, const char* file, int line, const std::string& message) {
  switch (level) {
    case google::protobuf::LOGLEVEL_INFO: LOG_VERBOSE(1, "protobuf {}:{}: {}", file, line, message); break;
    case google::protobuf::LOGLEVEL_WARNING: LOG_WARNING("protobuf {}:{}: {}", file, line, message); break;
    default: LOG_ERROR("protobuf {}:{}: {}", file, line, message);
  }
}

void TakeOverProtobufLog() {
  static std::once_flag once;
  std::call_once(once, [] { google::protobuf::SetLogHandler(&LogFromProtobuf); });
}

// Writes "<source>:<line>:<column>: <message>" for every error of one text.
class Findings final : public google::protobuf::io::ErrorCollector {
 public:
  explicit Findings(std::string_view source) : source_(source) {}

  // The parser counts lines and columns from 0, and -1 is no place at all.
  void AddError(int line, google::protobuf::io::ColumnNumber column, const std::string& message) override {
    if (++count_ > kMaxFindings) return;
    text_ += text_.empty() ? "" : "\n";
    text_ += fmt::format("{}:{}:{}: {}", source_, line + 1, column + 1, message);
  }
  void AddWarning(int, google::protobuf::io::ColumnNumber, const std::string&) override {}

  void Publish(std::string* details) {
    if (details != nullptr) {
      *details = std::move(text_);
    } else {
      LOG_ERROR("{}", text_);
    }
  }

 private:
  const std::string_view source_;
  int count_ = 0;
  std::string text_;
};

// At least as many as fields and elements in `text`, of either form; what looks like them in strings counts, too.
size_t CountFields(std::string_view text) {
  return static_cast<size_t>(
      std::ranges::count_if(text, [](char c) { return c == '{' || c == '<' || c == '[' || c == ':' || c == ','; }));
}

std::string CheckSize(std::string_view text) {
  if (text.size() > kMaxModelConfigBytes) {
    return fmt::format("expected at most {} bytes, got {}", kMaxModelConfigBytes, text.size());
  }
  const size_t fields = CountFields(text);
  if (fields <= kMaxModelConfigFields) return {};
  return fmt::format("expected at most {} fields, got {}", kMaxModelConfigFields, fields);
}

}  // namespace

Expected<inference::ModelConfig> ParseModelConfigText(std::string_view text, std::string_view source,
                                                      std::string* details) {
  TakeOverProtobufLog();
  Findings findings(source);
  inference::ModelConfig config;
  bool parsed = false;
  if (const std::string too_large = CheckSize(text); !too_large.empty()) {
    findings.AddError(0, 0, too_large);
  } else {
    google::protobuf::TextFormat::Parser parser;
    parser.SetRecursionLimit(kMaxDepth);
    parser.RecordErrorsTo(&findings);
    google::protobuf::io::ArrayInputStream stream(text.data(), static_cast<int>(text.size()));
    parsed = parser.Parse(&stream, &config);
  }
  if (!parsed) {
    findings.Publish(details);
    return InvalidArg("failed to read text proto from {}", source);
  }
  return config;
}

Expected<inference::ModelConfig> ParseModelConfigJson(std::string_view json) {
  TakeOverProtobufLog();
  if (const std::string too_large = CheckSize(json); !too_large.empty()) return InvalidArg("{}", too_large);
  google::protobuf::util::JsonParseOptions options;
  options.ignore_unknown_fields = false;
  options.case_insensitive_enum_parsing = true;
  inference::ModelConfig config;
  const auto status = google::protobuf::util::JsonStringToMessage(
      google::protobuf::StringPiece(json.data(), json.size()), &config, options);
  if (!status.ok()) return InvalidArg("{}", std::string_view(status.message().data(), status.message().size()));
  return config;
}

Expected<inference::ModelConfig> ParseConfigOverride(std::string_view json) {
  Expected<inference::ModelConfig> config = ParseModelConfigJson(json);
  if (!config) return config.error().WithContext("Invalid config override");
  return config;
}

}  // namespace neso
