"""Model repositories made for a test."""
import pathlib
import textwrap


def tensor(name, datatype="TYPE_FP32", dims=(-1,), extra=""):
    return f'{{ name: "{name}" data_type: {datatype} dims: [{", ".join(map(str, dims))}] {extra} }}'


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
