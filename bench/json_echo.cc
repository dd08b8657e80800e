// The floor of serving tensors as JSON: simdjson reads the floats of the first input, and a bare loop prints them with
// the shortest digits, as one output.
//
//   json_echo PORT
#include <simdjson.h>

#include "epoll_http.h"

namespace {

class JsonEcho {
 public:
  std::string_view operator()(std::string_view body, std::string& answer) {
    Read(body);
    Print(answer);
    return answer;
  }

 private:
  // Throws when the body is no such request.
  void Read(std::string_view body) {
    floats_.clear();
    auto document = parser_.iterate(body, body.size() + simdjson::SIMDJSON_PADDING);
    for (auto input : document["inputs"].get_array()) {
      for (auto row : input["data"].get_array()) floats_.push_back(static_cast<float>(row.get_double().value()));
      return;
    }
  }

  // Printed as doubles, as servers of this protocol do.
  void Print(std::string& answer) const {
    constexpr size_t kLongest = 32;
    answer =
        R"({"model_name":"identity","model_version":"1","outputs":[{"name":"OUTPUT0","datatype":"FP32","shape":[1,)" +
        std::to_string(floats_.size()) + R"(],"data":[)";
    const size_t begin = answer.size();
    answer.resize(begin + floats_.size() * kLongest);
    char* out = answer.data() + begin;
    for (const float number : floats_) {
      out = std::to_chars(out, out + kLongest, static_cast<double>(number)).ptr;
      *out++ = ',';
    }
    answer.resize(static_cast<size_t>(out - answer.data()));
    answer.back() = ']';
    answer += "}]}";
  }

  simdjson::ondemand::parser parser_;
  std::vector<float> floats_;
};

}  // namespace

int main(int argc, char** argv) { return bench::ServeHttp(argc, argv, JsonEcho()); }
