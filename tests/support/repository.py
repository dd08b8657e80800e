"""Model repositories made for a test."""
import pathlib
import textwrap


def tensor(name, datatype="TYPE_FP32", dims=(-1,), extra=""):
    return f'{{ name: "{name}" data_type: {datatype} dims: [{", ".join(map(str, dims))}] {extra} }}'


def declared(inputs, outputs):
    """Tensors of a configuration: name to (datatype, dims), or to (datatype, dims, what else stands in the tensor)."""
    return "\n".join(f"{key} {tensor(name, *what)}" for key, tensors in (("input", inputs), ("output", outputs))
                     for name, what in tensors.items())


def parameters(**values):
    return "\n".join(f'parameters {{ key: "{key}" value: {{ string_value: "{value}" }} }}' for key, value in values.items())


class ModelRepository:
    def __init__(self, path):
        self.path = pathlib.Path(path)
        self.path.mkdir(parents=True, exist_ok=True)

    def add(self, name, config, versions=(1,), files=None):
        """A model folder with the config text (None: no config.pbtxt) and version folders holding `files`."""
        folder = self.path / name
        for version in versions:
            (folder / str(version)).mkdir(parents=True, exist_ok=True)
            for file, content in (files or {}).items():
                target = folder / str(version) / file
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(content if isinstance(content, bytes) else content.encode())
        folder.mkdir(parents=True, exist_ok=True)
        if config is not None:
            (folder / "config.pbtxt").write_text(textwrap.dedent(config))
        return folder

    def add_identity(self, name="identity", datatype="TYPE_FP32", dims=(-1,), max_batch_size=8, tensors=1, extra="",
                     versions=(1,), parameters=None):
        """A model of the identity backend: OUTPUTi is INPUTi, and nothing else is in the answer unless asked for."""
        parameters = {"response_parameters": "false"} | (parameters or {})
        inputs = ", ".join(tensor(f"INPUT{i}", datatype, dims) for i in range(tensors))
        outputs = ", ".join(tensor(f"OUTPUT{i}", datatype, dims) for i in range(tensors))
        settings = "\n".join(
            f'parameters {{ key: "{key}" value: {{ string_value: "{value}" }} }}'
            for key, value in parameters.items())
        return self.add(name, f"""
            backend: "identity"
            max_batch_size: {max_batch_size}
            input [ {inputs} ]
            output [ {outputs} ]
            {settings}
            {extra}
            """, versions)

    def add_ensemble(self, name, steps, inputs=("IN",), outputs=("OUT",), max_batch_size=8, datatype="TYPE_FP32",
                     dims=(-1,), scheduling="", extra=""):
        """`steps`: (model, {its input: tensor}, {its output: tensor}) each, with a version behind it if it is not the
        latest. An input may be a pair: its name, and what stands behind the rest of it."""
        def declared(key, tensors):
            pairs = [(tensor_, "") if isinstance(tensor_, str) else tensor_ for tensor_ in tensors]
            return "\n".join(f"{key} {tensor(name_, datatype, dims, more)}" for name_, more in pairs)

        def mapped(key, links):
            return " ".join(f'{key} {{ key: "{link}" value: "{tensor_}" }}' for link, tensor_ in links.items())

        def step(model, reads, makes, version=-1):
            return (f'step {{ model_name: "{model}" model_version: {version} {mapped("input_map", reads)} '
                    f'{mapped("output_map", makes)} }}')

        return self.add(name, "\n".join([
            'platform: "ensemble"', f"max_batch_size: {max_batch_size}", declared("input", inputs),
            declared("output", outputs), "ensemble_scheduling {", *(step(*one) for one in steps), scheduling, "}", extra]))

    def add_chain(self, name, models, **kwargs):
        """An ensemble from IN to OUT through models of add_identity, one after the other."""
        tensors = ["IN", *(f"between{i}" for i in range(1, len(models))), "OUT"]
        return self.add_ensemble(name, [(model, {"INPUT0": tensors[i]}, {"OUTPUT0": tensors[i + 1]})
                                        for i, model in enumerate(models)], **kwargs)
