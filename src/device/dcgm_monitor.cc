#include "device/dcgm_monitor.h"

#include <dlfcn.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <optional>
#include <span>
#include <utility>

#include "neso/library_functions.h"

namespace neso {
namespace {

constexpr int kSuccess = 0;
constexpr int kManual = 2;                  // nothing is read by itself
constexpr uintptr_t kAllGpus = 0x7fffffff;  // a group that is always there
constexpr size_t kMaxGpus = 32;
constexpr long long kOldMicroseconds = 1'000;  // what is older is read anew
constexpr double kKeepSeconds = 60;
constexpr int kKeepSamples = 1;

enum Field : unsigned short {
  kUuid = 54,
  kPower = 155,        // W
  kEnergy = 156,       // mJ
  kPowerLimit = 160,   // W
  kUtilization = 203,  // percent
  kMemoryTotal = 250,  // MiB
  kMemoryUsed = 252,   // MiB
};
constexpr std::array kReadings{kPower, kEnergy, kPowerLimit, kUtilization, kMemoryTotal, kMemoryUsed};

// From these on, values only say why there is none.
constexpr double kBlankNumber = 140'737'488'355'328.0;
constexpr int64_t kBlankInteger = 0x7ffffffffffffff0;

struct Value {
  unsigned version = 0;
  unsigned short field = 0;
  unsigned short type = 0;
  int status = 0;
  int64_t time_us = 0;
  union {
    int64_t integer;
    double number;
    char text[256];
    char bytes[4096];
  };
};
static_assert(sizeof(Value) == 24 + 4096);

std::optional<double> NumberIn(const Value& value) {
  if (value.status != kSuccess || value.type != 'd' || value.number >= kBlankNumber) return {};
  return value.number;
}

std::optional<uint64_t> IntegerIn(const Value& value) {
  if (value.status != kSuccess || value.type != 'i' || value.integer < 0 || value.integer >= kBlankInteger) return {};
  return static_cast<uint64_t>(value.integer);
}

std::optional<uint64_t> BytesIn(const Value& value) {
  const std::optional<uint64_t> mebibytes = IntegerIn(value);
  return mebibytes ? std::optional<uint64_t>(*mebibytes << 20) : std::nullopt;
}

std::string TextIn(const Value& value) {
  if (value.status != kSuccess || value.type != 's') return {};
  return {value.text, strnlen(value.text, sizeof value.text)};
}

}  // namespace

// Types are the library's, under our names. All return 0 for success.
struct DcgmMonitor::Functions {
  int (*initialize)();
  int (*shut_down)();
  int (*start)(int mode, uintptr_t* engine);
  int (*stop)(uintptr_t engine);
  const char* (*error_string)(int result);
  int (*list)(uintptr_t engine, unsigned* gpus, int* count);
  int (*make_fields)(uintptr_t engine, int count, unsigned short* fields, const char* name, uintptr_t* group);
  int (*watch)(uintptr_t engine, uintptr_t gpus, uintptr_t fields, long long microseconds, double keep_seconds,
               int keep_samples);
  int (*update)(uintptr_t engine, int wait);
  int (*latest)(uintptr_t engine, int gpu, unsigned short* fields, unsigned count, Value* values);

  // Null on success, else the name of the symbol that is missing.
  const char* Find(void* library) {
    LibraryFunctions functions(library);
    functions.Find(initialize, "dcgmInit");
    functions.Find(shut_down, "dcgmShutdown");
    functions.Find(start, "dcgmStartEmbedded");
    functions.Find(stop, "dcgmStopEmbedded");
    functions.Find(error_string, "errorString");
    functions.Find(list, "dcgmGetAllSupportedDevices");
    functions.Find(make_fields, "dcgmFieldGroupCreate");
    functions.Find(watch, "dcgmWatchFields");
    functions.Find(update, "dcgmUpdateAllFields");
    functions.Find(latest, "dcgmGetLatestValuesForFields");
    return functions.missing();
  }
};

DcgmMonitor::DcgmMonitor(std::unique_ptr<const Functions> functions) : functions_(std::move(functions)) {}

DcgmMonitor::~DcgmMonitor() {
  if (engine_ != 0) functions_->stop(engine_);
  if (is_initialized_) functions_->shut_down();
}

// Never closed, as other libraries of the driver's.
Expected<std::unique_ptr<GpuMonitor>> DcgmMonitor::Open(const std::string& library) {
  void* const handle = dlopen(library.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (handle == nullptr) {
    const char* const reason = dlerror();
    return Unavailable("no DCGM: {}", reason == nullptr ? library : reason);
  }
  auto functions = std::make_unique<Functions>();
  if (const char* missing = functions->Find(handle); missing != nullptr) {
    return Unavailable("DCGM {} has no function {}", library, missing);
  }
  std::unique_ptr<DcgmMonitor> monitor(new DcgmMonitor(std::move(functions)));
  if (const Status started = monitor->Start(); !started.ok()) {
    return Unavailable("DCGM {} does not start: {}", library, started.message());
  }
  return std::unique_ptr<GpuMonitor>(std::move(monitor));
}

Status DcgmMonitor::Check(const char* what, int result) const {
  if (result == kSuccess) return {};
  const char* const reason = functions_->error_string(result);
  return Unavailable("{}: {}", what, reason == nullptr ? std::to_string(result) : reason);
}

Status DcgmMonitor::Start() {
  RETURN_IF_ERROR(Check("initialization", functions_->initialize()));
  is_initialized_ = true;
  RETURN_IF_ERROR(Check("engine", functions_->start(kManual, &engine_)));
  RETURN_IF_ERROR(Watch());
  return LearnUuids();
}

Status DcgmMonitor::Watch() {
  std::array<unsigned short, kReadings.size() + 1> fields{kUuid};
  std::copy(kReadings.begin(), kReadings.end(), fields.begin() + 1);
  uintptr_t group = 0;
  RETURN_IF_ERROR(Check(
      "fields", functions_->make_fields(engine_, static_cast<int>(fields.size()), fields.data(), "neso", &group)));
  RETURN_IF_ERROR(
      Check("watch", functions_->watch(engine_, kAllGpus, group, kOldMicroseconds, kKeepSeconds, kKeepSamples)));
  return Check("update", functions_->update(engine_, 1));
}

Status DcgmMonitor::LearnUuids() {
  std::array<unsigned, kMaxGpus> ids{};
  int count = 0;
  RETURN_IF_ERROR(Check("list of GPUs", functions_->list(engine_, ids.data(), &count)));
  for (const unsigned id : std::span(ids).first(std::min(static_cast<size_t>(std::max(count, 0)), kMaxGpus))) {
    unsigned short field = kUuid;
    Value value;
    if (functions_->latest(engine_, static_cast<int>(id), &field, 1, &value) != kSuccess) continue;
    if (const std::string uuid = TextIn(value); !uuid.empty()) gpus_.emplace(uuid, id);
  }
  return gpus_.empty() ? Unavailable("it knows no GPU") : Status();
}

Expected<GpuMonitor::Gpu> DcgmMonitor::Find(const std::string& uuid) const {
  const auto found = gpus_.find(uuid);
  if (found == gpus_.end()) return NotFound("DCGM does not know {}", uuid);
  return found->second;
}

bool DcgmMonitor::Update() const { return functions_->update(engine_, 1) == kSuccess; }

GpuReading DcgmMonitor::Read(Gpu gpu) const {
  std::array<unsigned short, kReadings.size()> fields{};
  std::copy(kReadings.begin(), kReadings.end(), fields.begin());
  const auto values = std::make_unique<std::array<Value, kReadings.size()>>();
  if (functions_->latest(engine_, static_cast<int>(gpu), fields.data(), fields.size(), values->data()) != kSuccess) {
    return {};
  }
  GpuReading reading;
  for (const Value& value : *values) {
    switch (value.field) {
      case kPower: reading.power_watts = NumberIn(value); break;
      case kPowerLimit: reading.power_limit_watts = NumberIn(value); break;
      case kMemoryTotal: reading.memory_total_bytes = BytesIn(value); break;
      case kMemoryUsed: reading.memory_used_bytes = BytesIn(value); break;
      case kEnergy:
        if (const auto mj = IntegerIn(value)) reading.energy_joules = static_cast<double>(*mj) / 1e3;
        break;
      case kUtilization:
        if (const auto percent = IntegerIn(value)) reading.utilization = static_cast<double>(*percent) / 100;
        break;
      default: break;
    }
  }
  return reading;
}

}  // namespace neso
