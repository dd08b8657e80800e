"""Configurations of PyTorch models."""
from support.repository import tensor


def config(inputs, outputs, max_batch_size=8, extra="", platform="pytorch_libtorch"):
    """`inputs` and `outputs`: name to (datatype, dims), or to (datatype, dims, what else stands in the tensor)."""
    def listed(key, tensors):
        return "\n".join(f"{key} {tensor(name, *what)}" for name, what in tensors.items())

    return (f'platform: "{platform}"\nmax_batch_size: {max_batch_size}\n'
            f'{listed("input", inputs)}\n{listed("output", outputs)}\n{extra}')


def parameters(**values):
    return "\n".join(f'parameters {{ key: "{key}" value: {{ string_value: "{value}" }} }}' for key, value in values.items())
