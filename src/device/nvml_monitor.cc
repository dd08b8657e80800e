#include "device/nvml_monitor.h"

#include <dlfcn.h>

#include "neso/library_functions.h"

namespace neso {

// Types are the library's, under our names; what it calls a device is a pointer. All return 0 for success.
struct NvmlMonitor::Functions {
  struct Utilization {
    unsigned gpu;  // percent
    unsigned memory;
  };
  struct Memory {
    unsigned long long total;
    unsigned long long free;
    unsigned long long used;
  };

  int (*initialize)();
  int (*shut_down)();
  const char* (*error_string)(int result);
  int (*find)(const char* uuid, Gpu* gpu);
  int (*utilization)(Gpu gpu, Utilization* utilization);
  int (*memory)(Gpu gpu, Memory* memory);
  int (*power)(Gpu gpu, unsigned* milliwatts);
  int (*power_limit)(Gpu gpu, unsigned* milliwatts);
  int (*energy)(Gpu gpu, unsigned long long* millijoules);

  // Null on success, else the name of the symbol that is missing.
  const char* Find(void* library) {
    LibraryFunctions functions(library);
    functions.Find(initialize, "nvmlInit_v2");
    functions.Find(shut_down, "nvmlShutdown");
    functions.Find(error_string, "nvmlErrorString");
    functions.Find(find, "nvmlDeviceGetHandleByUUID");
    functions.Find(utilization, "nvmlDeviceGetUtilizationRates");
    functions.Find(memory, "nvmlDeviceGetMemoryInfo");
    functions.Find(power, "nvmlDeviceGetPowerUsage");
    functions.Find(power_limit, "nvmlDeviceGetPowerManagementLimit");
    functions.Find(energy, "nvmlDeviceGetTotalEnergyConsumption");
    return functions.missing();
  }
};

NvmlMonitor::NvmlMonitor(std::unique_ptr<const Functions> functions) : functions_(std::move(functions)) {}

NvmlMonitor::~NvmlMonitor() { functions_->shut_down(); }

// Never closed, as other libraries of the driver's.
Expected<std::unique_ptr<GpuMonitor>> NvmlMonitor::Open(const std::string& library) {
  void* const handle = dlopen(library.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (handle == nullptr) {
    const char* const reason = dlerror();
    return Unavailable("no NVML: {}", reason == nullptr ? library : reason);
  }
  auto functions = std::make_unique<Functions>();
  if (const char* missing = functions->Find(handle); missing != nullptr) {
    return Unavailable("NVML {} has no function {}", library, missing);
  }
  if (const int result = functions->initialize(); result != 0) {
    return Unavailable("NVML {} does not start: {}", library, functions->error_string(result));
  }
  return std::unique_ptr<GpuMonitor>(new NvmlMonitor(std::move(functions)));
}

Expected<GpuMonitor::Gpu> NvmlMonitor::Find(const std::string& uuid) const {
  Gpu gpu = 0;
  if (const int result = functions_->find(uuid.c_str(), &gpu); result != 0) {
    return NotFound("NVML does not know {}: {}", uuid, functions_->error_string(result));
  }
  return gpu;
}

GpuReading NvmlMonitor::Read(Gpu gpu) const {
  GpuReading reading;
  Functions::Utilization utilization = {};
  if (functions_->utilization(gpu, &utilization) == 0) reading.utilization = utilization.gpu / 100.0;
  Functions::Memory memory = {};
  if (functions_->memory(gpu, &memory) == 0) {
    reading.memory_total_bytes = memory.total;
    reading.memory_used_bytes = memory.used;
  }
  unsigned milliwatts = 0;
  if (functions_->power(gpu, &milliwatts) == 0) reading.power_watts = milliwatts / 1e3;
  if (functions_->power_limit(gpu, &milliwatts) == 0) reading.power_limit_watts = milliwatts / 1e3;
  unsigned long long millijoules = 0;
  if (functions_->energy(gpu, &millijoules) == 0) reading.energy_joules = static_cast<double>(millijoules) / 1e3;
  return reading;
}

}  // namespace neso
