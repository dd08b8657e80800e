"""ONNX models made for a test."""
import onnx
from onnx import TensorProto, helper


def add_constant(constant=1.0, batch="batch", columns=2):
    """OUTPUT = INPUT + constant, FP32 [batch, columns]; the bytes of the model."""
    graph = helper.make_graph(
        [helper.make_node("Add", ["INPUT", "constant"], ["OUTPUT"])], "add",
        [helper.make_tensor_value_info("INPUT", TensorProto.FLOAT, [batch, columns])],
        [helper.make_tensor_value_info("OUTPUT", TensorProto.FLOAT, [batch, columns])],
        [helper.make_tensor("constant", TensorProto.FLOAT, [1], [constant])])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.checker.check_model(model)
    return model.SerializeToString()
