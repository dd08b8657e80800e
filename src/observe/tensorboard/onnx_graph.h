// The graph of an ONNX model as TensorBoard shows graphs: operators, and what flows between them; no weights.
//
// Source: onnx.proto; graph.proto, node_def.proto and attr_value.proto of TensorFlow.
#pragma once

#include <string>

namespace neso {

// A GraphDef message; empty where the file is no ONNX model, or one whose graph is beyond what can be looked at (20,000
// operators). Of the file its structure is read, not its weights.
std::string OnnxGraphDef(const std::string& path);

}  // namespace neso
