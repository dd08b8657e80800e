// Stands in for libdcgm.so.4: the two GPUs of fake_cuda_driver.cc, under ids 3 and 7. GPU 1 is busy with nothing, and what
// else it could tell is blank, or an error. The energy of GPU 0 grows by 2,500 mJ with each update. With
// NESO_FAKE_DCGM=none in the environment the engine does not start; with =lost, updates fail after the first one.
#include <atomic>
#include <cstdint>
#include <cstdlib>
#include <cstring>

#define EXPORT extern "C" __attribute__((visibility("default")))

namespace {

// DCGM's numbers.
constexpr int kOk = 0;
constexpr int kGenericError = -3;
constexpr int kBadParameter = -1;
constexpr int kNotSupported = -6;
constexpr uintptr_t kEngine = 0x7fffffff;
constexpr uintptr_t kAllGpus = 0x7fffffff;
constexpr uintptr_t kFields = 41;

constexpr int kIds[] = {3, 7};
constexpr const char* kUuids[] = {"GPU-a0a0a0a0-a0a0-a0a0-a0a0-a0a0a0a0a0a0",
                                  "GPU-a1a1a1a1-a1a1-a1a1-a1a1-a1a1a1a1a1a1"};

struct Value {
  unsigned version;
  unsigned short field, type;
  int status;
  int64_t time_us;
  union {
    int64_t integer;
    double number;
    char text[256];
    char bytes[4096];
  };
};

std::atomic<int> updates{0};
std::atomic<bool> is_watched{false};

bool Is(const char* mode) {
  const char* const set = std::getenv("NESO_FAKE_DCGM");
  return set != nullptr && std::strcmp(set, mode) == 0;
}

void SetNumber(Value& value, double number) { value.type = 'd', value.number = number; }
void SetInteger(Value& value, int64_t integer) { value.type = 'i', value.integer = integer; }

void Fill(Value& value, bool is_first) {
  switch (value.field) {
    case 54:
      value.type = 's';
      std::strcpy(value.text, kUuids[is_first ? 0 : 1]);
      break;
    case 155: SetNumber(value, is_first ? 81.25 : 140'737'488'355'330.0); break;
    case 156: SetInteger(value, is_first ? 77'000 + 2'500 * updates.load() : 0x7ffffffffffffff2); break;
    case 160:
      SetNumber(value, 350);
      if (!is_first) value.status = kNotSupported;
      break;
    case 203: SetInteger(value, is_first ? 61 : 0); break;
    case 250: SetInteger(value, 81'559); break;
    case 252: SetInteger(value, is_first ? 1'024 : 0x7ffffffffffffff0); break;
    default: value.status = kBadParameter;
  }
}

}  // namespace

EXPORT int dcgmInit() { return kOk; }
EXPORT int dcgmShutdown() { return kOk; }
EXPORT const char* errorString(int) { return "Setup failed"; }

EXPORT int dcgmStartEmbedded(int mode, uintptr_t* engine) {
  if (mode != 2) return kBadParameter;
  *engine = kEngine;
  return Is("none") ? kGenericError : kOk;
}
EXPORT int dcgmStopEmbedded(uintptr_t engine) { return engine == kEngine ? kOk : kBadParameter; }

EXPORT int dcgmGetAllSupportedDevices(uintptr_t, unsigned* gpus, int* count) {
  gpus[0] = kIds[0];
  gpus[1] = kIds[1];
  *count = 2;
  return kOk;
}

EXPORT int dcgmFieldGroupCreate(uintptr_t engine, int count, unsigned short*, const char*, uintptr_t* group) {
  *group = kFields;
  return engine == kEngine && count == 7 ? kOk : kBadParameter;
}

EXPORT int dcgmWatchFields(uintptr_t engine, uintptr_t gpus, uintptr_t fields, long long, double, int) {
  is_watched = engine == kEngine && gpus == kAllGpus && fields == kFields;
  return is_watched ? kOk : kBadParameter;
}

EXPORT int dcgmUpdateAllFields(uintptr_t, int wait) {
  if (!is_watched || wait != 1) return kBadParameter;
  return ++updates > 1 && Is("lost") ? kGenericError : kOk;
}

EXPORT int dcgmGetLatestValuesForFields(uintptr_t, int gpu, unsigned short* fields, unsigned count, Value* values) {
  if (gpu != kIds[0] && gpu != kIds[1]) return kBadParameter;
  for (unsigned i = 0; i < count; ++i) {
    std::memset(&values[i], 0, sizeof values[i]);
    values[i].field = fields[i];
    Fill(values[i], gpu == kIds[0]);
  }
  return updates > 0 ? kOk : kBadParameter;
}
