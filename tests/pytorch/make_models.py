"""Makes the models of these tests with PyTorch's Python module, in a process of its own: make_models.py <folder>.

Each is <name>.pt, of TorchScript. digits.npz has rows of the handwritten digits and what the network says of them.
"""
import pathlib
import sys
from typing import Dict, List, Tuple

import numpy as np
import torch
from sklearn.datasets import load_digits
from torch import Tensor, nn


class Digits(nn.Module):
    """Ten scores for images [-1, 1, 8, 8] of values from 0 to 16."""

    def __init__(self):
        super().__init__()
        self.layers = nn.Sequential(nn.Conv2d(1, 16, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(16, 32, 3, padding=1),
                                    nn.ReLU(), nn.Flatten(), nn.Linear(32 * 16, 10))

    def forward(self, image: Tensor) -> Tensor:
        return self.layers(image / 16)


class AddSub(nn.Module):
    def forward(self, left: Tensor, right: Tensor) -> Tuple[Tensor, Tensor]:
        return left + right, left - right


class Copy(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return x.clone()


class Same(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return x


class Dictionary(nn.Module):
    def forward(self, tensors: Dict[str, Tensor]) -> Tuple[Tensor, Tensor]:
        return tensors["left"] + tensors["right"], tensors["left"] - tensors["right"]


class TwoDictionaries(nn.Module):
    def forward(self, left: Dict[str, Tensor], right: Dict[str, Tensor]) -> Tensor:
        return left["x"] + right["x"]


class NumberArgument(nn.Module):
    def forward(self, x: Tensor, times: int) -> Tensor:
        return x * times


class Upper(nn.Module):
    def forward(self, texts: List[str]) -> List[str]:
        return [text.upper() for text in texts]


class Lengths(nn.Module):
    def forward(self, texts: List[str], add: Tensor) -> Tuple[List[str], Tensor]:
        lengths = torch.tensor([len(text) for text in texts])
        return [text + "!" for text in texts], lengths.to(add.dtype).unsqueeze(1) + add


class ListOfTensors(nn.Module):
    def forward(self, x: Tensor) -> List[Tensor]:
        return [x, x]


class Number(nn.Module):
    def forward(self, x: Tensor) -> float:
        return float(x.sum())


class Scalar(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return x.sum()


class Transposed(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return x.transpose(-1, -2)


class Raises(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        if bool(x.sum() < 0):
            raise ValueError("the sum is negative")
        return x * 2


class WritesToInput(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return x.add_(1)


class Counter(nn.Module):
    """How often it was called."""

    def __init__(self):
        super().__init__()
        self.register_buffer("calls", torch.zeros(1))

    def forward(self, x: Tensor) -> Tensor:
        self.calls += 1
        return x * 0 + self.calls


class Accumulator(nn.Module):
    """The sum of a sequence's values so far."""

    def forward(self, x: Tensor, start: Tensor, total: Tensor) -> Tuple[Tensor, Tensor]:
        total = torch.where(start.reshape(-1, 1) != 0, torch.zeros_like(total), total) + x
        return total, total


class Ragged(nn.Module):
    """The sum of each request's flat part; `ends` is where the parts end."""

    def forward(self, x: Tensor, ends: Tensor) -> Tensor:
        sums = torch.cat([torch.zeros(1), torch.cumsum(x, 0)])[ends.long()]
        return (sums - torch.cat([torch.zeros(1), sums[:-1]])).unsqueeze(1)


class Heavy(nn.Module):
    """16 MiB of weights."""

    def __init__(self):
        super().__init__()
        self.layers = nn.Sequential(nn.Linear(1024, 2048), nn.ReLU(), nn.Linear(2048, 1024))

    def forward(self, x: Tensor) -> Tensor:
        return self.layers(x)


class Convolutions(nn.Module):
    """Some milliseconds of one core for an image [-1, 3, 64, 64]."""

    def __init__(self):
        super().__init__()
        self.layers = nn.Sequential(nn.Conv2d(3, 32, 3, padding=1), nn.ReLU(), nn.Conv2d(32, 64, 3, padding=1), nn.ReLU(),
                                    nn.Conv2d(64, 32, 3, padding=1), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten())

    def forward(self, x: Tensor) -> Tensor:
        return self.layers(x)


MODELS = {"add_sub": AddSub, "copy": Copy, "same": Same, "dictionary": Dictionary, "two_dictionaries": TwoDictionaries,
          "number_argument": NumberArgument, "upper": Upper, "lengths": Lengths, "list_of_tensors": ListOfTensors,
          "number": Number, "scalar": Scalar, "transposed": Transposed, "raises": Raises, "writes_to_input": WritesToInput,
          "counter": Counter, "accumulator": Accumulator, "ragged": Ragged, "heavy": Heavy, "convolutions": Convolutions}


def train_digits():
    torch.manual_seed(0)
    images, labels = load_digits(return_X_y=True)
    images = torch.tensor(images, dtype=torch.float32).reshape(-1, 1, 8, 8)
    labels = torch.tensor(labels)
    network = Digits()
    optimizer = torch.optim.Adam(network.parameters(), lr=0.003)
    for _ in range(12):
        for rows in torch.randperm(1500).split(64):
            optimizer.zero_grad()
            nn.functional.cross_entropy(network(images[rows]), labels[rows]).backward()
            optimizer.step()
    return network.eval(), images[1500:], labels[1500:]


def main():
    folder = pathlib.Path(sys.argv[1])
    for name, kind in MODELS.items():
        torch.jit.script(kind().eval()).save(str(folder / f"{name}.pt"))
    network, images, labels = train_digits()
    torch.jit.script(network).save(str(folder / "digits.pt"))
    torch.jit.trace(network, images[:2]).save(str(folder / "digits_traced.pt"))
    with torch.inference_mode():
        np.savez(folder / "digits.npz", images=images.numpy(), labels=labels.numpy(), scores=network(images).numpy())


if __name__ == "__main__":
    main()
