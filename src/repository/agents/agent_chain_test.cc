#include "repository/agents/agent_chain.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <stdexcept>

#include "core/api_error.h"
#include "repository/agents/agent_chains.h"

namespace neso {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

// What the agents of a test are told, and what they do about it: as their parameters say.
std::vector<std::string>& Told() {
  static std::vector<std::string> told;
  return told;
}

std::string ParameterOf(TRITONREPOAGENT_AgentModel* model, const std::string& name) {
  for (const auto& [key, value] : static_cast<AgentModel*>(model)->parameters()) {
    if (key == name) return value;
  }
  return "";
}

TRITONSERVER_Error* Note(TRITONREPOAGENT_Agent* agent, const std::string& what) {
  Told().push_back(static_cast<RepositoryAgent*>(agent)->name() + " " + what);
  return nullptr;
}

TRITONSERVER_Error* Initialize(TRITONREPOAGENT_Agent* agent, TRITONREPOAGENT_AgentModel* model) {
  if (ParameterOf(model, "fail") == "INITIALIZE") return MakeApiError(Internal("told to fail"));
  return Note(agent, "initialized");
}

TRITONSERVER_Error* Finalize(TRITONREPOAGENT_Agent* agent, TRITONREPOAGENT_AgentModel* /*model*/) {
  return Note(agent, "finalized");
}

TRITONSERVER_Error* Act(TRITONREPOAGENT_Agent* agent, TRITONREPOAGENT_AgentModel* model,
                        const TRITONREPOAGENT_ActionType action) {
  const std::string name = std::string(AgentActionName(action)).substr(sizeof("TRITONREPOAGENT_ACTION_") - 1);
  Note(agent, name + " in " + static_cast<AgentModel*>(model)->location());
  if (ParameterOf(model, "fail") == name) return MakeApiError(Internal("told to fail"));
  if (ParameterOf(model, "throw") == name) throw std::runtime_error("told to throw");
  const std::string move = ParameterOf(model, "move");
  if (action != TRITONREPOAGENT_ACTION_LOAD || move.empty()) return nullptr;
  return MakeApiError(static_cast<AgentModel*>(model)->Update(TRITONREPOAGENT_ARTIFACT_FILESYSTEM, move));
}

class AgentChainTest : public ::testing::Test {
 protected:
  AgentChainTest() { Told().clear(); }

  static Expected<std::shared_ptr<RepositoryAgent>> Find(const std::string& name) {
    if (name == "missing") return InvalidArg("there is no such agent");
    return RepositoryAgent::Start(name, "/" + name,
                                  {.model_initialize = Initialize, .model_finalize = Finalize, .model_action = Act});
  }
  static Expected<std::shared_ptr<AgentChain>> Load(const std::vector<AgentWish>& wishes, uint64_t fingerprint = 1) {
    AgentSource source{.model = "m", .location = "/m", .keeper = {}, .config = {}, .fingerprint = fingerprint};
    return AgentChain::Load(wishes, std::move(source), Find, [](const std::string& location) {
      Told().push_back("read " + location);
      return inference::ModelConfig();
    });
  }
  // What was told since the last call.
  static std::vector<std::string> TakeTold() { return std::exchange(Told(), {}); }
};

TEST_F(AgentChainTest, ActionsReachTheAgentsInTheirOrder) {
  auto chain = *Load({{"a", {}}, {"b", {}}});
  EXPECT_THAT(TakeTold(), ElementsAre("a initialized", "a LOAD in /m", "b initialized", "b LOAD in /m"));
  chain->LoadComplete();
  EXPECT_THAT(TakeTold(), ElementsAre("b LOAD_COMPLETE in /m", "a LOAD_COMPLETE in /m"));
  chain->Unload();
  EXPECT_THAT(TakeTold(), ElementsAre("a UNLOAD in /m", "b UNLOAD in /m"));
  chain.reset();
  EXPECT_THAT(TakeTold(),
              ElementsAre("b UNLOAD_COMPLETE in /m", "a UNLOAD_COMPLETE in /m", "a finalized", "b finalized"));
}

TEST_F(AgentChainTest, EachIsToldOnceAndOnlyWhereItFollows) {
  const auto chain = *Load({{"a", {}}});
  chain->Unload();
  EXPECT_THAT(TakeTold(), ElementsAre("a initialized", "a LOAD in /m"));
  chain->LoadFail();
  chain->LoadFail();
  chain->LoadComplete();
  EXPECT_THAT(TakeTold(), ElementsAre("a LOAD_FAIL in /m"));
}

TEST_F(AgentChainTest, WhoLetsGoOfTheChainEndsIt) {
  auto loading = *Load({{"a", {}}});
  loading.reset();
  EXPECT_THAT(TakeTold(), ElementsAre("a initialized", "a LOAD in /m", "a LOAD_FAIL in /m", "a finalized"));
  auto loaded = *Load({{"a", {}}});
  loaded->LoadComplete();
  TakeTold();
  loaded.reset();
  EXPECT_THAT(TakeTold(), ElementsAre("a UNLOAD in /m", "a UNLOAD_COMPLETE in /m", "a finalized"));
}

TEST_F(AgentChainTest, AnErrorOfOneEndsThoseThatHaveBegun) {
  const auto failed = Load({{"a", {}}, {"b", {{"fail", "LOAD"}}}, {"c", {}}});
  EXPECT_EQ(failed.error().message(), "told to fail");
  EXPECT_THAT(TakeTold(), ElementsAre("a initialized", "a LOAD in /m", "b initialized", "b LOAD in /m",
                                      "b LOAD_FAIL in /m", "b finalized", "a LOAD_FAIL in /m", "a finalized"));
  // One that was never asked to load the model is not told that the load has failed.
  EXPECT_FALSE(Load({{"a", {{"fail", "INITIALIZE"}}}}).ok());
  EXPECT_THAT(TakeTold(), ElementsAre("a finalized"));
  EXPECT_EQ(Load({{"missing", {}}}).error().message(), "there is no such agent");
}

TEST_F(AgentChainTest, AnExceptionIsAnError) {
  const auto failed = Load({{"a", {{"throw", "LOAD"}}}});
  EXPECT_THAT(failed.error().message(), HasSubstr("threw an exception: told to throw"));
  const auto chain = *Load({{"a", {{"throw", "LOAD_COMPLETE"}}}, {"b", {}}});
  TakeTold();
  chain->LoadComplete();
  EXPECT_THAT(TakeTold(), ElementsAre("b LOAD_COMPLETE in /m", "a LOAD_COMPLETE in /m"));
  EXPECT_TRUE(chain->IsInUse());
}

TEST_F(AgentChainTest, AModelThatWasMovedIsReadAgain) {
  const auto chain = *Load({{"a", {{"move", "/n"}}}, {"b", {}}});
  EXPECT_THAT(TakeTold(), ElementsAre("a initialized", "a LOAD in /m", "read /n", "b initialized", "b LOAD in /n"));
  EXPECT_TRUE(chain->has_moved());
  EXPECT_EQ(chain->location(), "/n");
}

TEST_F(AgentChainTest, OnlyALoadMovesAModel) {
  AgentModel model(*Find("a"), {}, "/m", {});
  const Status early = model.Update(TRITONREPOAGENT_ARTIFACT_FILESYSTEM, "/n");
  EXPECT_EQ(early.message(),
            "location can only be updated during TRITONREPOAGENT_ACTION_LOAD, current action type is not set");
  EXPECT_EQ(early.code(), StatusCode::kInvalidArg);
}

TEST_F(AgentChainTest, AnAcquiredFolderIsTheSameUntilItIsReleased) {
  AgentModel model(*Find("a"), {}, "/m", {});
  EXPECT_EQ(model.Release().message(), "No mutable location to be deleted");
  EXPECT_EQ(model.Acquire(TRITONREPOAGENT_ARTIFACT_REMOTE_FILESYSTEM).error().message(),
            "Unexpected artifact type, expects 'TRITONREPOAGENT_ARTIFACT_FILESYSTEM'");
  const std::string path = **model.Acquire(TRITONREPOAGENT_ARTIFACT_FILESYSTEM);
  EXPECT_EQ(**model.Acquire(TRITONREPOAGENT_ARTIFACT_FILESYSTEM), path);
  EXPECT_TRUE(std::filesystem::is_directory(path));
  EXPECT_TRUE(model.Release().ok());
  EXPECT_FALSE(std::filesystem::exists(path));
}

TEST_F(AgentChainTest, AChainIsFoundWhileItsModelIsInUse) {
  AgentChains chains;
  auto chain = *Load({{"a", {}}}, 7);
  chains.Add("m", {chain, nullptr});
  EXPECT_EQ(chains.Find("m", 7).chain, chain);
  EXPECT_EQ(chains.Find("m", 8).chain, nullptr);
  EXPECT_EQ(chains.Find("n", 7).chain, nullptr);
  chain->LoadComplete();
  EXPECT_EQ(chains.Find("m", 7).chain, chain);
  chain->Unload();
  EXPECT_EQ(chains.Find("m", 7).chain, nullptr);
  chain.reset();
  EXPECT_EQ(chains.Find("m", 7).chain, nullptr);
}

}  // namespace
}  // namespace neso
