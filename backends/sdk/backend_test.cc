// The responder and the entry points, with a backend made for the test.
#include "neso/backend/backend.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <stdexcept>

#include "fake_server.h"

namespace {

using neso::backend::Execution;
using neso::backend::OutputResponder;
using neso::backend::Place;
using neso::backend::Request;
using neso::backend::Response;
using neso::backend::Status;
using testing::ElementsAre;
using testing::IsEmpty;

std::function<Status(Execution&)> execute;
std::function<Status(neso::backend::Model&)> initialize;

class TestModel final : public neso::backend::Model {
 public:
  Status Initialize() { return initialize ? initialize(*this) : Status(); }
};

class TestInstance final : public neso::backend::Instance<TestModel> {
 public:
  Status Execute(Execution& execution) { return execute(execution); }
};

}  // namespace

NESO_BACKEND(TestModel, TestInstance)

namespace {

constexpr char kBatching[] = R"({"name": "m", "max_batch_size": 8,
    "input": [{"name": "X", "data_type": "TYPE_FP32", "dims": [2]}],
    "output": [{"name": "Y", "data_type": "TYPE_FP32", "dims": [1]},
               {"name": "Z", "data_type": "TYPE_STRING", "dims": [1]}],
    "batch_output": [{"target_name": ["R"], "source_input": ["X"]}],
    "sequence_batching": {"state": [{"input_name": "SI", "output_name": "S"}]}})";

class BackendTest : public testing::Test {
 protected:
  BackendTest() : server_(kBatching) {
    initialize = nullptr;
    first_ = MakeRequest({MakeInput<float>("X", {1, 2}, {1, 2})});
    second_ = MakeRequest({MakeInput<float>("X", {2, 2}, {3, 4, 5, 6})});
  }
  ~BackendTest() override { EXPECT_THAT(FakeServer::violations(), IsEmpty()); }

  void Run(std::function<Status(Execution&)> work) {
    execute = std::move(work);
    ASSERT_EQ(server_.Load(), "");
    ASSERT_EQ(server_.Execute({&first_, &second_}), "");
  }

  FakeServer server_;
  FakeRequest first_;
  FakeRequest second_;
};

TEST_F(BackendTest, OutputsAreCutByTheRequestsBatchSizes) {
  Run([](Execution& execution) -> Status {
    const std::vector<float> y = {10, 20, 30};
    const std::vector<std::string_view> z = {"a", "bb", ""};
    const std::vector<int64_t> shape = {3, 1};
    OutputResponder responder(execution);
    responder.Add("Y", TRITONSERVER_TYPE_FP32, shape, y.data(), y.size() * sizeof(float));
    responder.AddStrings("Z", shape, z);
    responder.Send();
    return {};
  });
  ASSERT_EQ(first_.responses.size(), 1u);
  EXPECT_THAT(first_.responses[0].Values<float>("Y"), ElementsAre(10));
  EXPECT_THAT(first_.responses[0].outputs["Y"].shape, ElementsAre(1, 1));
  EXPECT_THAT(second_.responses[0].Values<float>("Y"), ElementsAre(20, 30));
  EXPECT_THAT(second_.responses[0].Values<char>("Z"), ElementsAre(2, 0, 0, 0, 'b', 'b', 0, 0, 0, 0));
  EXPECT_TRUE(first_.succeeded);
  EXPECT_THAT(server_.batches(), ElementsAre(3u));
}

TEST_F(BackendTest, OutputsReachClientsThatWantThemOnAGpu) {
  first_.output_memory_type = TRITONSERVER_MEMORY_GPU;
  Run([](Execution& execution) -> Status {
    const std::vector<float> y = {10, 20, 30};
    const std::vector<std::string_view> z = {"a", "bb", ""};
    const std::vector<int64_t> shape = {3, 1};
    EXPECT_TRUE(execution.requests()[0].PlaceOf("Y").on_gpu());
    EXPECT_FALSE(execution.requests()[1].PlaceOf("Y").on_gpu());
    OutputResponder responder(execution);
    responder.Add("Y", TRITONSERVER_TYPE_FP32, shape, y.data(), y.size() * sizeof(float));
    responder.AddStrings("Z", shape, z);
    responder.Send();
    return {};
  });
  EXPECT_THAT(first_.responses[0].Values<float>("Y"), ElementsAre(10));
  EXPECT_THAT(second_.responses[0].Values<float>("Y"), ElementsAre(20, 30));
  EXPECT_EQ(FakeServer::gpu_copies(), 2U);
}

TEST_F(BackendTest, OutputsThatLieOnAGpuAreCopiedFromThere) {
  second_.output_memory_type = TRITONSERVER_MEMORY_GPU;
  Run([](Execution& execution) -> Status {
    const std::vector<float> y = {10, 20, 30};
    const std::vector<int64_t> shape = {3, 1};
    OutputResponder responder(execution);
    responder.Add("Y", TRITONSERVER_TYPE_FP32, shape, y.data(), y.size() * sizeof(float), Place::Gpu(0));
    responder.Send();
    return {};
  });
  EXPECT_THAT(first_.responses[0].Values<float>("Y"), ElementsAre(10));
  EXPECT_THAT(second_.responses[0].Values<float>("Y"), ElementsAre(20, 30));
  EXPECT_EQ(FakeServer::gpu_copies(), 2U);
}

TEST_F(BackendTest, AnOutputWithoutABatchGoesToEveryRequestAsAWhole) {
  Run([](Execution& execution) -> Status {
    const std::vector<float> y = {10, 20};
    const std::vector<int64_t> shape = {2};
    OutputResponder responder(execution);
    responder.AddToEach("Y", TRITONSERVER_TYPE_FP32, shape, y.data(), y.size() * sizeof(float));
    responder.Send();
    return {};
  });
  EXPECT_THAT(first_.responses[0].Values<float>("Y"), ElementsAre(10, 20));
  EXPECT_THAT(second_.responses[0].Values<float>("Y"), ElementsAre(10, 20));
  EXPECT_THAT(second_.responses[0].outputs["Y"].shape, ElementsAre(2));
}

TEST_F(BackendTest, OnlyRequestedOutputsAreSent) {
  first_.requested_outputs = {"Z"};
  Run([](Execution& execution) -> Status {
    const std::vector<float> y = {10, 20, 30};
    const std::vector<std::string_view> z = {"a", "bb", ""};
    const std::vector<int64_t> shape = {3, 1};
    OutputResponder responder(execution);
    responder.Add("Y", TRITONSERVER_TYPE_FP32, shape, y.data(), y.size() * sizeof(float));
    responder.AddStrings("Z", shape, z);
    responder.Send();
    return {};
  });
  EXPECT_EQ(first_.responses[0].outputs.count("Y"), 0u);
  EXPECT_EQ(first_.responses[0].outputs.count("Z"), 1u);
  EXPECT_EQ(second_.responses[0].outputs.count("Y"), 1u);
}

TEST_F(BackendTest, BatchOutputIsCutByTheShapeOfItsSource) {
  Run([](Execution& execution) -> Status {
    const std::vector<float> r = {1, 2, 3, 4, 5, 6};
    const std::vector<int64_t> shape = {6};
    OutputResponder responder(execution);
    responder.Add("R", TRITONSERVER_TYPE_FP32, shape, r.data(), r.size() * sizeof(float));
    responder.Send();
    return {};
  });
  EXPECT_THAT(first_.responses[0].Values<float>("R"), ElementsAre(1, 2));
  EXPECT_THAT(second_.responses[0].Values<float>("R"), ElementsAre(3, 4, 5, 6));
  EXPECT_THAT(second_.responses[0].outputs["R"].shape, ElementsAre(2, 2));
}

TEST_F(BackendTest, StateIsUpdatedAndNotSent) {
  Run([](Execution& execution) -> Status {
    const std::vector<float> s = {1, 2, 3};
    const std::vector<int64_t> shape = {3, 1};
    OutputResponder responder(execution);
    responder.Add("S", TRITONSERVER_TYPE_FP32, shape, s.data(), s.size() * sizeof(float));
    responder.Send();
    return {};
  });
  EXPECT_TRUE(first_.responses[0].outputs.empty());
  ASSERT_EQ(second_.states.count("S"), 1u);
  EXPECT_THAT(second_.states["S"].shape, ElementsAre(2, 1));
  EXPECT_EQ(second_.states["S"].bytes.size(), 8u);
}

TEST_F(BackendTest, OutputThatIsTooShortFailsOnlyTheRequestsItDoesNotReach) {
  Run([](Execution& execution) -> Status {
    const std::vector<float> y = {10, 20};
    const std::vector<int64_t> shape = {2, 1};
    OutputResponder responder(execution);
    responder.Add("Y", TRITONSERVER_TYPE_FP32, shape, y.data(), y.size() * sizeof(float));
    responder.Send();
    return {};
  });
  EXPECT_THAT(first_.responses[0].Values<float>("Y"), ElementsAre(10));
  EXPECT_EQ(second_.responses[0].error, "output 'Y': expected a batch of 3, got 2");
  EXPECT_TRUE(first_.succeeded);
  EXPECT_FALSE(second_.succeeded);
}

TEST_F(BackendTest, ErrorOfExecuteAnswersEveryRequest) {
  Run([](Execution&) { return Status::Unavailable("the device is gone"); });
  EXPECT_EQ(first_.responses[0].error, "the device is gone");
  EXPECT_EQ(second_.responses[0].error, "the device is gone");
  EXPECT_FALSE(first_.succeeded);
}

TEST_F(BackendTest, ExceptionBecomesAnErrorOfTheRequestsWithoutAnswer) {
  Run([](Execution& execution) -> Status {
    NESO_ASSIGN_OR_RETURN(Response response, Response::New(execution.requests()[0]));
    NESO_RETURN_IF_ERROR(response.Send());
    throw std::runtime_error("thrown");
  });
  EXPECT_FALSE(first_.responses[0].failed);
  EXPECT_EQ(second_.responses[0].error, "thrown");
}

TEST_F(BackendTest, ResponseThatIsNotSentBecomesAnError) {
  Run([](Execution& execution) -> Status {
    NESO_ASSIGN_OR_RETURN(const Response response, Response::New(execution.requests()[0]));
    return {};
  });
  EXPECT_EQ(first_.responses[0].error, "the backend did not send this response");
  EXPECT_EQ(second_.responses[0].error, "the backend ended the request without an answer");
}

TEST_F(BackendTest, RequestMayBeReleasedAfterItsFactoryWasMade) {
  std::vector<neso::backend::ResponseFactory> factories;
  execute = [&](Execution& execution) -> Status {
    for (Request& request : execution.requests()) {
      NESO_ASSIGN_OR_RETURN(neso::backend::ResponseFactory factory, neso::backend::ResponseFactory::New(request));
      factories.push_back(std::move(factory));
    }
    return {};
  };
  ASSERT_EQ(server_.Load(), "");
  TRITONBACKEND_Request* handles[] = {&first_, &second_};
  ASSERT_EQ(TRITONBACKEND_ModelInstanceExecute(server_.instance(), handles, 2), nullptr);
  EXPECT_EQ(first_.releases, 1);
  EXPECT_FALSE(first_.ended);
  {
    auto response = Response::New(factories[0]);
    ASSERT_TRUE(response);
    EXPECT_TRUE(response->Send(/*final=*/true).ok());
  }
  EXPECT_TRUE(first_.ended);
  factories.clear();
  EXPECT_TRUE(second_.ended);
}

TEST_F(BackendTest, ErrorsOfInitializeReachTheServer) {
  initialize = [](neso::backend::Model& model) { return Status::InvalidArg("model '", model.name(), "' is bad"); };
  EXPECT_EQ(server_.Load(), "model 'model' is bad");
}

TEST_F(BackendTest, ExceptionsOfInitializeReachTheServer) {
  initialize = [](neso::backend::Model&) -> Status { throw 1; };
  EXPECT_EQ(server_.Load(), "the plug-in threw an unknown exception");
}

TEST_F(BackendTest, ModelCompletesItsConfiguration) {
  initialize = [](neso::backend::Model& model) -> Status {
    NESO_ASSIGN_OR_RETURN(rapidjson::Document document, model.ConfigDocument());
    document["max_batch_size"] = 2;
    NESO_RETURN_IF_ERROR(model.SetConfig(document));
    EXPECT_EQ(model.config().max_batch_size, 2);
    EXPECT_EQ(model.version_path(), "/models/model/1");
    NESO_ASSIGN_OR_RETURN(const neso::backend::Parameters settings, model.backend().Settings());
    EXPECT_EQ(settings.Or("default-max-batch-size", "1"), "4");
    return {};
  };
  EXPECT_EQ(server_.Load(), "");
  EXPECT_THAT(server_.config(), testing::HasSubstr("\"max_batch_size\":2"));
}

TEST_F(BackendTest, OlderServerIsRefusedAtOnce) {
  FakeServer::set_api_minor(NESO_BACKEND_MINOR_NEEDED - 1);
  EXPECT_EQ(server_.Load(),
            "triton backend API version does not support this backend: expected 1.10 or a later minor, got 1.9");
}

TEST_F(BackendTest, TraitsSayThatAnyThreadMayExecute) {
  EXPECT_EQ(NESOBACKEND_Traits.struct_size, sizeof(NESOBACKEND_TraitsV1));
  EXPECT_EQ(NESOBACKEND_Traits.flags, NESOBACKEND_TRAIT_ANY_THREAD);
}

}  // namespace
