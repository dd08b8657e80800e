"""Trains one network on handwritten digits and saves it with PyTorch: make_torch.py <folder>.

model.pt is of TorchScript, model.pt2 a package of AOTInductor; network.npz has the weights, from which other frameworks' scripts
build the same network, images that it was not trained on, their labels, and the scores.
"""
import pathlib
import sys

import numpy as np
import torch

sys.path.append(str(pathlib.Path(__file__).parents[1] / "pytorch"))

from make_models import train_digits  # noqa: E402


def main():
    folder = pathlib.Path(sys.argv[1])
    network, images, labels = train_digits()
    weights = {name.removeprefix("layers.").replace(".", "_"): values.numpy() for name, values in network.state_dict().items()}
    with torch.no_grad():
        torch.jit.script(network).save(str(folder / "model.pt"))
        program = torch.export.export(network, (images[:2],), dynamic_shapes=({0: torch.export.Dim("batch", max=15)},))
        torch._inductor.aoti_compile_and_package(program, package_path=str(folder / "model.pt2"))
        np.savez(folder / "network.npz", images=images.numpy(), labels=labels.numpy(), scores=network(images).numpy(), **weights)


if __name__ == "__main__":
    main()
