// neso_tree_reader: reads a file of a tree model with treelite and writes it as a checkpoint of treelite 4.
//
//   neso_tree_reader <format> <path> <allow unknown fields: true or false> <bytes of memory> <milliseconds of processor time>
//
// Descriptor 3 gets the checkpoint (exit status 0) or the text of an error (1). treelite trusts what it reads: sizes, indices
// and children of nodes go unchecked, so a damaged file makes it crash, loop, or ask for all memory there is. Here that ends
// this process, within the limits, and not the server.
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <sstream>
#include <string>
#include <string_view>

// The part of treelite's C interface that is used here. Each function answers 0, or else TreeliteGetLastError() says why.
extern "C" {
const char* TreeliteGetLastError();
int TreeliteLoadXGBoostModelLegacyBinary(const char* path, const char* options, void** model);
int TreeliteLoadXGBoostModelJSON(const char* path, const char* options, void** model);
int TreeliteLoadXGBoostModelUBJSON(const char* path, const char* options, void** model);
int TreeliteLoadLightGBMModel(const char* path, const char* options, void** model);
int TreeliteDeserializeModelFromFile(const char* path, void** model);
int TreeliteSerializeModelToBytes(void* model, const char** bytes, size_t* size);
}

namespace {

constexpr int kResult = 3;

void Limit(__rlimit_resource_t resource, rlim_t most) {
  rlimit limit = {};
  getrlimit(resource, &limit);
  limit.rlim_cur = limit.rlim_max == RLIM_INFINITY || limit.rlim_max > most ? most : limit.rlim_max;
  limit.rlim_max = limit.rlim_cur;
  setrlimit(resource, &limit);
}

// Ends the process by SIGPROF when it has worked for so long.
void LimitTime(int64_t milliseconds) {
  itimerval timer = {};
  timer.it_value.tv_sec = milliseconds / 1000;
  timer.it_value.tv_usec = milliseconds % 1000 * 1000;
  setitimer(ITIMER_PROF, &timer, nullptr);
}

bool Write(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written = write(kResult, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return false;
    bytes.remove_prefix(static_cast<size_t>(written));
  }
  return true;
}

// Whether a model of LightGBM takes zeros for missing values somewhere: treelite does not, and nothing in what it makes of the
// model tells. Source: LightGBM's text format, where bits 2 and 3 of a "decision_type" are the kind of missing values, 1: zero.
bool TakesZerosForMissing(const char* path) {
  constexpr std::string_view kKey = "decision_type=";
  std::ifstream file(path);
  std::string line;
  while (std::getline(file, line)) {
    if (!line.starts_with(kKey)) continue;
    std::istringstream numbers(line.substr(kKey.size()));
    for (int number = 0; numbers >> number;) {
      const bool is_numerical = (number & 1) == 0;
      if (is_numerical && (number >> 2 & 3) == 1) return true;
    }
  }
  return false;
}

// Whether a file of LightGBM ends before its last tree does: treelite makes do with the trees that are there. Source: LightGBM's
// text format, where "tree_sizes" are the bytes of the trees, which begin with the line "Tree=0". Old files have no sizes.
bool IsCutOff(const char* path) {
  constexpr std::string_view kKey = "tree_sizes=";
  std::ifstream file(path);
  std::string line;
  uint64_t promised = 0;
  while (std::getline(file, line) && !line.starts_with("Tree=")) {
    if (!line.starts_with(kKey)) continue;
    std::istringstream sizes(line.substr(kKey.size()));
    for (uint64_t size = 0; sizes >> size;) promised += size;
  }
  if (!file) return promised > 0;
  const auto after_first_line = static_cast<uint64_t>(file.tellg());
  file.seekg(0, std::ios::end);
  const uint64_t left = static_cast<uint64_t>(file.tellg()) - after_first_line + line.size() + 1;
  return left < promised;
}

// Why a file of LightGBM is not to be read, or nothing.
const char* Objection(const char* path) {
  if (TakesZerosForMissing(path))
    return "the model takes zeros for missing values (zero_as_missing), which cannot be served";
  if (IsCutOff(path)) return "the file is damaged or cut off: it ends before the last of its trees";
  return nullptr;
}

int Load(std::string_view format, const char* path, const char* options, void** model) {
  if (format == "xgboost") return TreeliteLoadXGBoostModelLegacyBinary(path, "{}", model);
  if (format == "xgboost_json") return TreeliteLoadXGBoostModelJSON(path, options, model);
  if (format == "xgboost_ubj") return TreeliteLoadXGBoostModelUBJSON(path, options, model);
  if (format == "lightgbm") return TreeliteLoadLightGBMModel(path, "{}", model);
  return TreeliteDeserializeModelFromFile(path, model);
}

}  // namespace

int main(int count, char** arguments) {
  if (count != 6) return 2;
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  Limit(RLIMIT_CORE, 0);
  Limit(RLIMIT_AS, std::strtoull(arguments[4], nullptr, 10));
  LimitTime(std::strtoll(arguments[5], nullptr, 10));
  const std::string options = std::string(R"({"allow_unknown_field": )") + arguments[3] + "}";
  const char* const objection = std::string_view(arguments[1]) == "lightgbm" ? Objection(arguments[2]) : nullptr;
  if (objection != nullptr) {
    Write(objection);
    _exit(1);
  }
  void* model = nullptr;
  const char* bytes = nullptr;
  size_t size = 0;
  if (Load(arguments[1], arguments[2], options.c_str(), &model) != 0 ||
      TreeliteSerializeModelToBytes(model, &bytes, &size) != 0) {
    Write(TreeliteGetLastError());
    _exit(1);
  }
  const bool written = Write({bytes, size});
  // What the model holds is the kernel's to take back.
  _exit(written ? 0 : 2);
}
