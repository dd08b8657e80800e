#include "graph_check.h"

#include <gtest/gtest.h>

#include "test_messages.h"

namespace neso::tensorflow {
namespace {

// A node of operation `op` with `attributes`, entries that Attribute() makes.
MessageWriter Node(std::string_view op, const std::vector<MessageWriter>& attributes) {
  MessageWriter node = Text(1, "n");
  node.Add(Text(2, op));
  for (const MessageWriter& attribute : attributes) node.Add(5, attribute);
  return node;
}

MessageWriter Number(uint32_t field, uint64_t value) {
  MessageWriter message;
  message.Add(field, value);
  return message;
}

MessageWriter Nested(uint32_t field, const MessageWriter& inner) {
  MessageWriter message;
  message.Add(field, inner);
  return message;
}

MessageWriter Constant(uint64_t type, uint64_t tensor_type, std::vector<int64_t> sizes) {
  MessageWriter tensor = Number(1, tensor_type);
  MessageWriter shape;
  for (const int64_t size : sizes) shape.Add(2, Number(1, static_cast<uint64_t>(size)));
  tensor.Add(2, shape);
  return Node("Const", {Entry("dtype", Number(6, type)), Entry("value", Nested(8, tensor))});
}

MessageWriter Types(size_t count) {
  return Nested(1, Text(6, std::string(count, '\1')));  // packed
}

// A function "f" with that many arguments and results, and `node` inside.
MessageWriter Library(size_t inputs, size_t outputs, const MessageWriter& node) {
  MessageWriter signature = Text(1, "f");
  for (size_t i = 0; i < inputs; ++i) signature.Add(2, Text(1, "in"));
  for (size_t i = 0; i < outputs; ++i) signature.Add(3, Text(1, "out"));
  MessageWriter function = Nested(1, signature);
  function.Add(3, node);
  return Nested(1, function);
}

MessageWriter Call(size_t inputs, size_t outputs) {
  return Node("StatefulPartitionedCall",
              {Entry("f", Nested(10, Text(1, "f"))), Entry("Tin", Types(inputs)), Entry("Tout", Types(outputs))});
}

std::string Check(const MessageWriter& graph) {
  const CountAttributes counts = {{"Pack", {"N"}}};
  return std::string(GraphCheck(counts).Check(graph.bytes()).message());
}

TEST(GraphCheckTest, AConstantHasTheTypeOfItsTensor) {
  EXPECT_EQ(Check(Nested(1, Constant(1, 1, {2, 3}))), "");
  EXPECT_EQ(Check(Nested(1, Constant(1, 9, {}))), "node 'n': expected a constant of data type 1, got 9");
}

TEST(GraphCheckTest, AConstantOfAnAbsurdShapeIsRefused) {
  for (const std::vector<int64_t>& sizes :
       {std::vector<int64_t>{-1}, {INT32_MAX}, {1 << 20, 1 << 20}, {int64_t{1} << 62, 4}, {0, -1}}) {
    EXPECT_EQ(Check(Nested(1, Constant(1, 1, sizes))),
              "node 'n': expected a constant of at most 268435456 elements, got another shape");
  }
}

TEST(GraphCheckTest, ACountIsNotNegativeAndNotAbsurd) {
  EXPECT_EQ(Check(Nested(1, Node("Pack", {Entry("N", Number(3, 2))}))), "");
  EXPECT_EQ(Check(Nested(1, Node("Other", {Entry("N", Number(3, ~uint64_t{0}))}))), "");
  EXPECT_EQ(Check(Nested(1, Node("Pack", {Entry("N", Number(3, ~uint64_t{0}))}))),
            "node 'n': attribute 'N': expected a number up to 1000000, got -1");
}

TEST(GraphCheckTest, ACallHasAsManyInputsAndOutputsAsItsFunction) {
  MessageWriter graph = Nested(2, Library(2, 1, Constant(1, 1, {})));
  graph.Add(1, Call(2, 1));
  EXPECT_EQ(Check(graph), "");
  graph.Add(1, Call(2, 0));
  EXPECT_EQ(Check(graph), "node 'n' calls 'f' with 2 inputs for 0 outputs: expected 2 and 1");
}

TEST(GraphCheckTest, NodesOfFunctionsAreLookedAt) {
  EXPECT_EQ(Check(Nested(2, Library(0, 0, Constant(1, 9, {})))), "node 'n': expected a constant of data type 1, got 9");
}

// Functions that each call the one that stands beside their name.
MessageWriter Functions(const std::vector<std::pair<std::string, std::string>>& calls) {
  MessageWriter library;
  for (const auto& [name, called] : calls) {
    MessageWriter function = Nested(1, Text(1, name));
    function.Add(3, Node("Case", {Entry("branch", Nested(10, Text(1, called)))}));
    library.Add(1, function);
  }
  return Nested(2, library);
}

TEST(GraphCheckTest, AFunctionDoesNotCallItself) {
  EXPECT_EQ(Check(Functions({{"f", "g"}, {"g", "h"}, {"h", "Pack"}})), "");
  EXPECT_EQ(Check(Functions({{"f", "f"}})), "function 'f' calls itself, or functions that do");
  EXPECT_EQ(Check(Functions({{"g", "h"}, {"h", "k"}, {"k", "g"}})), "function 'g' calls itself, or functions that do");
}

TEST(GraphCheckTest, CountsAreThoseThatArgumentsName) {
  MessageWriter argument = Text(1, "values");
  argument.Add(Text(5, "N"));
  MessageWriter op = Text(1, "Pack");
  op.Add(2, argument);
  const CountAttributes counts = ReadCountAttributes(Nested(1, op).bytes());
  ASSERT_EQ(counts.size(), 1);
  EXPECT_EQ(counts.at("Pack"), std::vector<std::string>{"N"});
}

}  // namespace
}  // namespace neso::tensorflow
