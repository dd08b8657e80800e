"""Makes a model that calls a user's operator: make_operator_model.py <library of operators> <file of the model>."""
import sys

import torch

torch.ops.load_library(sys.argv[1])


class Triple(torch.nn.Module):
    def forward(self, x):
        return torch.ops.neso_test.triple(x)


torch.jit.script(Triple()).save(sys.argv[2])
