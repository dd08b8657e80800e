"""One trained network in the format of each framework."""
from support import made_models
from support.onnx_models import model, node
from support.optional_backends import python_of
from support.repository import parameters
from support.server import ROOT
from support.torch_models import made_by as made_by_torch

HERE = ROOT / "tests/frameworks"
# Formats of the network, by their platform or backend.
FORMATS = {
    "onnx": 'platform: "onnxruntime_onnx"', "torchscript": 'platform: "pytorch_libtorch"', "aotinductor": 'platform: "torch_aoti"',
    "savedmodel": 'platform: "tensorflow_savedmodel"', "graphdef": 'platform: "tensorflow_graphdef"',
    "openvino": 'backend: "openvino"' + parameters(ENABLE_OPEN_BATCH="YES", HINT_BF16="NO")}

# Compiled for fewer than 16 rows or for more, as PyTorch's compiler chooses by those that it is shown.
MOST_ROWS = 15


def tensor_names(format):
    """What the network's input and output are called there."""
    return ("INPUT__0", "OUTPUT__0") if format == "aotinductor" else ("image", "scores")


def onnx_network(weights):
    """The network of tests/pytorch/make_models.py, as the bytes of an ONNX file."""
    constants = {name: weights[name] for name in weights.files if name[0].isdigit()}
    return model(
        [node("Div", "image sixteen", "x"), node("Conv", "x 0_weight 0_bias", "c0", pads=[1, 1, 1, 1]), node("Relu", "c0", "r0"),
         node("MaxPool", "r0", "p", kernel_shape=[2, 2], strides=[2, 2]),
         node("Conv", "p 3_weight 3_bias", "c3", pads=[1, 1, 1, 1]), node("Relu", "c3", "r3"), node("Flatten", "r3", "f"),
         node("Gemm", "f 6_weight 6_bias", "scores", transB=1)],
        {"image": ("FLOAT", [None, 1, 8, 8])}, {"scores": ("FLOAT", [None, 10])},
        constants | {"sixteen": constants["0_bias"].dtype.type(16)})


def trained_network():
    """The folder of what PyTorch makes of it: see make_torch.py."""
    return made_by_torch(HERE / "make_torch.py")


def converted(backend, source):
    """The folder of what that framework makes of the file `source`."""
    return made_models.made_by(HERE / f"make_{backend}.py", python_of(backend),
                               lambda modules, script, folder: made_models.run_with(modules, script, folder, source))


def files_of_formats(onnx_file):
    """Format to the files of a version folder. `onnx_file` has been written."""
    torch = trained_network()
    tensorflow = converted("tensorflow", torch / "network.npz")
    openvino = converted("openvino", onnx_file)
    return {
        "onnx": {"model.onnx": onnx_file.read_bytes()},
        "torchscript": {"model.pt": (torch / "model.pt").read_bytes()},
        "aotinductor": {"model.pt2": (torch / "model.pt2").read_bytes()},
        "savedmodel": {str(path.relative_to(tensorflow)): path.read_bytes()
                       for path in (tensorflow / "model.savedmodel").rglob("*") if path.is_file()},
        "graphdef": {"model.graphdef": (tensorflow / "model.graphdef").read_bytes()},
        "openvino": {name: (openvino / name).read_bytes() for name in ("model.xml", "model.bin")},
    }


def add_network(repository, format, files, name=None, extra=""):
    """Adds the network as a model, of the format's name unless it gets another."""
    image, scores = tensor_names(format)
    repository.add(name or format, f"""
        {FORMATS[format]}
        max_batch_size: {MOST_ROWS}
        dynamic_batching {{ }}
        input {{ name: "{image}" data_type: TYPE_FP32 dims: [ 1, 8, 8 ] }}
        output {{ name: "{scores}" data_type: TYPE_FP32 dims: [ 10 ] }}
        {extra}
        """, files=files)
