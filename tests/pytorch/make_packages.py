"""Makes packages of AOTInductor, in a process of its own: make_packages.py <folder>. Each is <name>.pt2.

digits.npz has rows of the handwritten digits and what the network says of them.
"""
import pathlib
import sys

import numpy as np
import torch
from make_models import train_digits
from torch import nn
from torch.export import Dim


class Keywords(nn.Module):
    """Positional, in a dictionary, and by keyword; the results likewise."""

    def forward(self, x, more, *, scale):
        return x + more["y"], {"scaled": x * scale}


class Whole(nn.Module):
    """No dimension varies."""

    def forward(self, x):
        return x * 2


def package(folder, name, network, args, kwargs=None, dynamic_shapes=None):
    program = torch.export.export(network, args, kwargs, dynamic_shapes=dynamic_shapes)
    torch._inductor.aoti_compile_and_package(program, package_path=str(folder / f"{name}.pt2"))


def main():
    folder = pathlib.Path(sys.argv[1])
    batch = Dim("batch", max=8)
    one, two, three = torch.ones(3, 2, 4)  # the same tensor twice would be one input
    network, images, labels = train_digits()
    with torch.no_grad():
        package(folder, "keywords", Keywords(), (one, {"y": two}), {"scale": three},
                {"x": {0: batch}, "more": {"y": {0: batch}}, "scale": {0: batch}})
        package(folder, "whole", Whole(), (torch.ones(3, 4),))
        package(folder, "digits", network, (images[:2],), dynamic_shapes=({0: batch},))
        np.savez(folder / "digits.npz", images=images.numpy(), labels=labels.numpy(), scores=network(images).numpy())


if __name__ == "__main__":
    main()
