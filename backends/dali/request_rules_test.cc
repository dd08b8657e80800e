#include "request_rules.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <span>

#include "fake_server.h"
#include "neso/backend/backend.h"

// A pipeline of two inputs and one output, without the pipeline.
namespace neso::dali {
namespace {

using testing::HasSubstr;

const PipelineDescription kPipeline{
    .max_batch_size = 4,
    .inputs = {{.name = "A", .rank = 1, .layout = ""}, {.name = "B", .rank = 1, .layout = ""}},
    .outputs = {{.name = "C", .rank = 1, .layout = ""}}};

class Rules final : public backend::Model {};
class RulesInstance final : public backend::Instance<Rules> {
 public:
  static Status Execute(backend::Execution& execution) {
    for (backend::Request& request : execution.requests()) {
      NESO_ASSIGN_OR_RETURN(const size_t count, CheckRequest(request, kPipeline));
      NESO_ASSIGN_OR_RETURN(backend::Response response, backend::Response::New(request));
      NESO_RETURN_IF_ERROR(response.SetParameter("samples", static_cast<int64_t>(count)));
      NESO_RETURN_IF_ERROR(response.Send());
    }
    return {};
  }
};

// Its number of samples as text, or what is wrong with it.
std::string Ask(std::vector<TRITONBACKEND_Input> inputs, std::vector<std::string> outputs = {"C"}) {
  FakeServer server(R"({"name": "m", "max_batch_size": 0, "output": [{"name": "C"}]})");
  server.Load();
  FakeRequest request = MakeRequest(std::move(inputs));
  request.requested_outputs = std::move(outputs);
  server.Execute({&request});
  const FakeResponse& response = request.responses.at(0);
  return response.failed ? response.error : std::to_string(std::get<int64_t>(response.parameters.at("samples")));
}

TRITONBACKEND_Input Rows(const char* name, int64_t rows) {
  return MakeInput<float>(name, {rows, 1}, std::vector<float>(static_cast<size_t>(rows), 1.0f));
}

TEST(DaliRequestRulesTest, CountsTheSamples) { EXPECT_EQ(Ask({Rows("B", 3), Rows("A", 3)}), "3"); }

TEST(DaliRequestRulesTest, WantsEachInput) {
  EXPECT_EQ(Ask({Rows("A", 1)}), "DALI Backend error: Each request must provide the same number of inputs.");
}

TEST(DaliRequestRulesTest, WantsOneBatchSize) {
  EXPECT_EQ(Ask({Rows("A", 1), Rows("B", 2)}),
            "DALI Backend error: Each input in a request must have the same batch size.");
}

TEST(DaliRequestRulesTest, WantsAllOutputsAskedFor) {
  EXPECT_EQ(
      Ask({Rows("A", 1), Rows("B", 1)}, {"C", "D"}),
      "DALI Backend error: Number of outputs expected by the requests (2) does not match the number of outputs from "
      "DALI pipeline (1).");
}

TEST(DaliRequestRulesTest, WantsInputsInOnePiece) {
  TRITONBACKEND_Input pieces = Rows("A", 2);
  const std::vector<std::byte> whole = pieces.pieces.at(0);
  pieces.pieces = {{whole.begin(), whole.begin() + 4}, {whole.begin() + 4, whole.end()}};
  EXPECT_EQ(Ask({pieces, Rows("B", 2)}), "DALI Backend error: DALI pipeline input has to be a single chunk of memory");
}

TEST(DaliRequestRulesTest, WantsSamples) {
  EXPECT_THAT(Ask({Rows("A", 0), Rows("B", 0)}), HasSubstr("expected a request with samples, got one with none"));
}

}  // namespace
}  // namespace neso::dali

NESO_BACKEND(neso::dali::Rules, neso::dali::RulesInstance)
