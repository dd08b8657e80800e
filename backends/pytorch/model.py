"""Models of `backend: "pytorch"` with `runtime: "model.py"`: modules of PyTorch in Python, in the Python backend.

The version folder has `model.py`, whose first class that derives from torch.nn.Module is the model, perhaps with its weights in
`model.pt`; or a module of TorchScript in `model.pt`. Inputs are passed in the order of the configuration, results are the outputs in
that order.
"""
import importlib.util
import json
import os

import triton_python_backend_utils as pb_utils

try:
    import torch
except ImportError as error:
    raise pb_utils.TritonModelException(f"Missing/Incomplete PyTorch package installation: {error}") from error


def find_file(folder, named):
    names = [named] if named else ["model.py", "model.pt"]
    for name in names:
        if os.path.exists(os.path.join(folder, name)):
            return os.path.join(folder, name)
    raise pb_utils.TritonModelException(f"No model found in {folder}/{names}")


def module_class(path):
    spec = importlib.util.spec_from_file_location("neso_pytorch_model", path)
    code = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(code)
    for name in dir(code):
        found = getattr(code, name)
        is_module = isinstance(found, type) and issubclass(found, torch.nn.Module)
        if is_module and not found.__module__.startswith("torch."):  # not layers that the file has imported
            return found
    raise pb_utils.TritonModelException("Cannot find a subclass of torch.nn.Module")


class Settings:
    def __init__(self, config):
        values = {key: value["string_value"] for key, value in config.get("parameters", {}).items()}
        self.threads = int(values.get("NUM_THREADS", 1))
        self.interop_threads = int(values.get("NUM_INTEROP_THREADS", 1))
        self.compile = json.loads(values.get("TORCH_COMPILE_OPTIONAL_PARAMETERS") or "{}")
        if "model" in self.compile:
            raise pb_utils.TritonModelException("'model' is not an optional parameter for 'torch.compile'")


class TritonPythonModel:
    def initialize(self, args):
        config = json.loads(args["model_config"])
        settings = Settings(config)
        torch.set_num_threads(settings.threads)
        torch.set_num_interop_threads(settings.interop_threads)
        self.outputs = [output["name"] for output in config["output"]]
        self.inputs = [tensor["name"] for tensor in config["input"]]
        self.batches = config["max_batch_size"] > 0
        folder = os.path.join(args["model_repository"], args["model_version"])
        path = find_file(folder, config.get("default_model_filename"))
        self.place(args, self.load(path))
        if path.endswith(".py"):
            self.model = torch.compile(self.model, **settings.compile)

    def load(self, path):
        if not path.endswith(".py"):
            return torch.jit.load(path)
        model = module_class(path)()
        weights = os.path.splitext(path)[0] + ".pt"
        if os.path.exists(weights):
            model.load_state_dict(torch.load(weights, map_location="cpu", weights_only=True))
        return model

    def place(self, args, model):
        kind = args["model_instance_kind"]
        if kind == "GPU":
            self.device = torch.device("cuda", int(args["model_instance_device_id"]))
        elif kind == "CPU":
            self.device = torch.device("cpu")
        else:
            parameter = next(model.parameters(), None)
            if parameter is None:
                raise pb_utils.TritonModelException("Cannot determine model device")
            self.device = parameter.device
        self.model = model.to(self.device).eval()

    def execute(self, requests):
        rows = [self.arguments(request) for request in requests]
        if not self.batches:
            return [self.respond(self.run(arguments)) for arguments in rows]
        sizes = [arguments[0].shape[0] for arguments in rows]
        results = self.run([torch.cat(tensors) for tensors in zip(*rows)])
        parts = zip(*(result.split(sizes) for result in results))
        return [self.respond(part) for part in parts]

    def arguments(self, request):
        return [self.argument(request, name) for name in self.inputs]

    def argument(self, request, name):
        tensor = pb_utils.get_input_tensor_by_name(request, name)
        if tensor is None:
            raise pb_utils.TritonModelException(f"input '{name}' is needed by the model")
        return torch.from_dlpack(tensor.to_dlpack()).to(self.device)

    def run(self, arguments):
        with torch.inference_mode():
            results = self.model(*arguments)
        results = list(results) if isinstance(results, (tuple, list)) else [results]
        if len(results) < len(self.outputs):
            raise pb_utils.TritonModelException(f"expected {len(self.outputs)} results of the module, one for each output of the "
                                                f"configuration, got {len(results)}")
        return [result.cpu().contiguous() for result in results]

    def respond(self, results):
        return pb_utils.InferenceResponse([pb_utils.Tensor.from_dlpack(name, result.contiguous())
                                           for name, result in zip(self.outputs, results)])
