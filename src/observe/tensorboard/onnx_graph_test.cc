#include "observe/tensorboard/onnx_graph.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/test_folder.h"
#include "neso/protobuf_wire.h"

namespace neso {
namespace {

using ::testing::ElementsAre;
using wire::MessageWriter;

MessageWriter Operator(const char* name, const char* type, std::vector<const char*> inputs,
                       std::vector<const char*> outputs) {
  MessageWriter node;
  for (const char* input : inputs) node.Add(1, std::string_view(input));
  for (const char* output : outputs) node.Add(2, std::string_view(output));
  return node.Add(3, std::string_view(name)).Add(4, std::string_view(type));
}

MessageWriter Value(const char* name) { return MessageWriter().Add(1, std::string_view(name)); }

// "name:type<input,input" of each node.
std::vector<std::string> Nodes(const std::string& graph_def) {
  std::vector<std::string> nodes;
  wire::Fields graph(graph_def);
  while (const auto node = graph.Next()) {
    std::string text;
    wire::Fields fields(node->bytes);
    while (const auto field = fields.Next()) {
      if (field->number == 2) text += ":";
      if (field->number == 3) text += text.find('<') == std::string::npos ? "<" : ",";
      text += field->bytes;
    }
    nodes.push_back(text);
  }
  EXPECT_FALSE(graph.is_broken());
  return nodes;
}

class OnnxGraphTest : public ::testing::Test {
 protected:
  std::string GraphOf(const std::string& bytes) {
    folder_.Write("m.onnx", bytes);
    return OnnxGraphDef(folder_.Path("m.onnx"));
  }

  TestFolder folder_;
};

TEST_F(OnnxGraphTest, OperatorsAreNodesAndTensorsWhatLiesBetween) {
  MessageWriter graph;
  graph.Add(1, Operator("/layer/Mul", "Mul", {"x", "weights"}, {"a", "b"}));
  graph.Add(1, Operator("", "Add", {"a", "b"}, {"c"}));
  graph.Add(1, Operator("", "Add", {"c", "c"}, {"y"}));
  graph.Add(5, std::string(1u << 20, 'w'));  // an initializer
  graph.Add(11, Value("x")).Add(12, Value("y"));
  const std::string model = MessageWriter().Add(1, uint64_t{8}).Add(2, "maker").Add(7, graph).bytes();
  EXPECT_THAT(Nodes(GraphOf(model)), ElementsAre("x:Placeholder", "layer/Mul:Mul<x", "Add:Add<layer/Mul,layer/Mul:1",
                                                 "Add_1:Add<Add,Add", "y:Output<Add_1"));
}

TEST_F(OnnxGraphTest, WhatIsNoModelHasNoGraph) {
  const std::string model = MessageWriter().Add(7, MessageWriter().Add(1, Operator("a", "A", {}, {"y"}))).bytes();
  EXPECT_NE(GraphOf(model), "");
  EXPECT_EQ(OnnxGraphDef(folder_.Path("nothing.onnx")), "");
  EXPECT_EQ(OnnxGraphDef(folder_.Path("")), "");
  for (const std::string& other : {std::string(), std::string("text"), std::string(1000, '\xff'), model.substr(0, 5)}) {
    EXPECT_EQ(GraphOf(other), "");
  }
}

TEST_F(OnnxGraphTest, AGraphBeyondTheLimitIsNotShown) {
  MessageWriter graph;
  for (int i = 0; i < 20'100; ++i) graph.Add(1, Operator("", "A", {}, {"y"}));
  EXPECT_EQ(GraphOf(MessageWriter().Add(7, graph).bytes()), "");
}

}  // namespace
}  // namespace neso
