#include "observe/opentelemetry/otlp_exporter.h"

#include <algorithm>
#include <array>
#include <random>
#include <utility>

#include "base/log.h"
#include "base/thread_start.h"
#include "observe/opentelemetry/otlp_spans.h"

namespace neso {
namespace {

using std::chrono::milliseconds;

constexpr int kMaxAttempts = 5;
constexpr milliseconds kLongestPause{30'000};

bool MayPass(int status) { return status == 429 || status == 502 || status == 503 || status == 504; }

// Each twice as long as the one before, and none just like another's: servers that lost their collector together do
// not come back to it together.
milliseconds PauseOf(milliseconds first, int attempt) {
  thread_local std::minstd_rand random{std::random_device{}()};
  const milliseconds longest = std::min(first * (1 << attempt), kLongestPause);
  return longest / 2 + milliseconds(random() % static_cast<uint64_t>(longest.count() / 2 + 1));
}

class OtlpStream final : public TraceStream {
 public:
  explicit OtlpStream(std::shared_ptr<OtlpExporter> exporter) : exporter_(std::move(exporter)) {}
  void Add(const TracedRequest& trace) override { exporter_->Add(trace); }
  void Flush() override {}  // the exporter holds nothing back for a setting

 private:
  const std::shared_ptr<OtlpExporter> exporter_;
};

}  // namespace

OtlpExporter::OtlpExporter(OtlpSettings settings, TextPairs shown, std::unique_ptr<OtlpConnection> connection)
    : settings_(std::move(settings)),
      shown_(std::move(shown)),
      resource_(EncodeResource(settings_.resource)),
      connection_(std::move(connection)) {
  // Without a thread what comes is dropped, and counted.
  if (!TryStartThread(thread_, "the export of traces", [this] { ThreadMain(); })) is_closing_ = true;
}

OtlpExporter::~OtlpExporter() { Close(); }

std::unique_ptr<TraceStream> OtlpExporter::Open(const TraceSettings& /*settings*/) {
  return std::make_unique<OtlpStream>(shared_from_this());
}

void OtlpExporter::Close() {
  {
    MutexLock lock(mutex_);
    if (!std::exchange(is_closing_, true)) {
      close_by_ = std::min<TimePoint>(close_by_, std::chrono::steady_clock::now() + settings_.close_within);
    }
    changed_.NotifyAll();
  }
  connection_->Hurry();
  if (thread_.joinable()) thread_.join();
}

void OtlpExporter::CloseBy(TimePoint latest) {
  MutexLock lock(mutex_);
  close_by_ = latest;
}

void OtlpExporter::Add(const TracedRequest& trace) {
  std::vector<std::string> spans = EncodeSpans(trace, UnixMinusSteady());
  size_t taken = 0;
  {
    MutexLock lock(mutex_);
    const size_t room = is_closing_ ? 0 : settings_.max_queue_size - waiting_.size();
    taken = std::min(room, spans.size());
    std::move(spans.begin(), spans.begin() + static_cast<std::ptrdiff_t>(taken), std::back_inserter(waiting_));
    if (waiting_.size() >= settings_.max_export_batch_size) changed_.NotifyAll();
  }
  if (taken < spans.size()) Drop(spans.size() - taken, "the queue (bsp_max_queue_size) is full");
}

void OtlpExporter::ThreadMain() {
  for (std::vector<std::string> spans = AwaitBatch(); !spans.empty(); spans = AwaitBatch()) Send(spans);
}

std::vector<std::string> OtlpExporter::AwaitBatch() {
  MutexLock lock(mutex_);
  TimePoint due = std::chrono::steady_clock::now() + settings_.schedule_delay;
  while (!is_closing_ && waiting_.size() < settings_.max_export_batch_size) {
    if (changed_.WaitUntil(mutex_, due)) continue;
    if (!waiting_.empty()) break;
    due = std::chrono::steady_clock::now() + settings_.schedule_delay;
  }
  const auto count = static_cast<std::ptrdiff_t>(std::min(waiting_.size(), settings_.max_export_batch_size));
  std::vector<std::string> spans(std::make_move_iterator(waiting_.begin()),
                                 std::make_move_iterator(waiting_.begin() + count));
  waiting_.erase(waiting_.begin(), waiting_.begin() + count);
  return spans;
}

void OtlpExporter::Send(const std::vector<std::string>& spans) {
  const std::string body = EncodeExport(resource_, spans);
  int attempt = 0;
  while (!TryOnce(body, spans.size(), attempt)) ++attempt;
}

bool OtlpExporter::TryOnce(const std::string& body, size_t spans, int attempt) {
  const bool is_last = IsClosing() || attempt + 1 == kMaxAttempts;
  const TimePoint end = std::chrono::steady_clock::now() + settings_.timeout;
  milliseconds pause = PauseOf(settings_.first_pause, attempt);
  std::string failure = "no time is left";
  if (LeftUntil(end).count() > 0) {
    const Expected<OtlpReply> reply = connection_->Post(body, [this, end] { return LeftUntil(end); });
    if (reply && !MayPass(reply->status)) return Judge(*reply, spans);
    failure = reply ? fmt::format("it answers with {}", reply->status) : reply.error().message();
    if (reply && reply->retry_after) pause = std::max<milliseconds>(pause, *reply->retry_after);
  }
  if (is_last) {
    Drop(spans, failure);
    return true;
  }
  Pause(std::min(pause, kLongestPause));
  return false;
}

bool OtlpExporter::Judge(const OtlpReply& reply, size_t spans) {
  if (reply.status < 200 || reply.status > 299) {
    Drop(spans, fmt::format("it answers with {}", reply.status));
    return true;
  }
  const OtlpRejection rejection = DecodeRejection(reply.body);
  const size_t rejected = std::min(spans, static_cast<size_t>(std::max<int64_t>(rejection.spans, 0)));
  counters_.exported += spans - rejected;
  if (rejected > 0) Drop(rejected, "it rejects them: " + rejection.reason);
  return true;
}

void OtlpExporter::Pause(milliseconds pause) {
  const TimePoint until = std::chrono::steady_clock::now() + pause;
  MutexLock lock(mutex_);
  while (!is_closing_ && changed_.WaitUntil(mutex_, until)) {
  }
}

void OtlpExporter::Drop(size_t spans, const std::string& reason) {
  const uint64_t dropped = counters_.dropped += spans;
  if (complaints_.Allow()) {
    LOG_WARNING("failed to export traces to '{}': {}; {} spans have been lost so far",
                UrlToShow(settings_.endpoint.url), reason, dropped);
  }
}

bool OtlpExporter::IsClosing() const {
  MutexLock lock(mutex_);
  return is_closing_;
}

milliseconds OtlpExporter::LeftUntil(TimePoint end) const {
  MutexLock lock(mutex_);
  if (is_closing_) end = std::min(end, close_by_);
  return std::max(milliseconds(0), std::chrono::ceil<milliseconds>(end - std::chrono::steady_clock::now()));
}

}  // namespace neso
