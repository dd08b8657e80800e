"""The models that Triton's examples ask, made anew: sums and differences of numbers and of numbers as text, and sums of
sequences."""
from .onnx_models import model, node

SUM_AND_DIFFERENCE = [node("Add", "INPUT0 INPUT1", "OUTPUT0"), node("Sub", "INPUT0 INPUT1", "OUTPUT1")]


def numbers():
    tensor = ("INT32", [None, 16])
    return model(SUM_AND_DIFFERENCE, {"INPUT0": tensor, "INPUT1": tensor}, {"OUTPUT0": tensor, "OUTPUT1": tensor})


def texts():
    tensor = ("STRING", [None, 16])
    nodes = [node("Cast", "INPUT0", "a", to=6), node("Cast", "INPUT1", "b", to=6), node("Add", "a b", "sum"),
             node("Sub", "a b", "difference"), node("Cast", "sum", "OUTPUT0", to=8),
             node("Cast", "difference", "OUTPUT1", to=8)]
    return model(nodes, {"INPUT0": tensor, "INPUT1": tensor}, {"OUTPUT0": tensor, "OUTPUT1": tensor})


def running_sum():
    tensor = ("INT32", [None, 1])
    return model([node("Add", "INPUT BEFORE", "OUTPUT"), node("Identity", "OUTPUT", "AFTER")],
                 {"INPUT": tensor, "BEFORE": tensor}, {"OUTPUT": tensor, "AFTER": tensor})


def config(datatype):
    def tensors(key, names):
        return "".join(f'{key} {{ name: "{name}" data_type: {datatype} dims: [16] }}\n' for name in names)

    return ('backend: "onnxruntime"\nmax_batch_size: 8\n' + tensors("input", ["INPUT0", "INPUT1"]) +
            tensors("output", ["OUTPUT0", "OUTPUT1"]))


SEQUENCE = """
    backend: "onnxruntime"
    max_batch_size: 8
    input { name: "INPUT" data_type: TYPE_INT32 dims: [1] }
    output { name: "OUTPUT" data_type: TYPE_INT32 dims: [1] }
    sequence_batching {
      state { input_name: "BEFORE" output_name: "AFTER" data_type: TYPE_INT32 dims: [1]
              initial_state { name: "zero" data_type: TYPE_INT32 dims: [1] zero_data: true } }
    }
    """


def add_simple_models(repository):
    repository.add("simple", config("TYPE_INT32"), files={"model.onnx": numbers()})
    repository.add("simple_string", config("TYPE_STRING"), files={"model.onnx": texts()})
    repository.add("simple_sequence", SEQUENCE, files={"model.onnx": running_sum()})
