"""What the page of the backend shows works as shown."""
import numpy as np
from support.pages import blocks
from support.server import ROOT
from support.trt_engines import engine

CONFIG = blocks(ROOT / "docs/backends/tensorrt.md", marker="test:config")[0]


def test_the_configuration_serves_the_engine(serve):
    served = serve()
    served.load("m", engine("input x FP32 -1,3", "output y FP32 -1,3 add x x", "profile 0 x 1,3 2,3 4,3", "profile 1 x 4,3 8,3 8,3"),
                CONFIG)
    x = np.arange(9, dtype=np.float32).reshape(3, 3)
    np.testing.assert_array_equal(served.infer("m", x=x)["y"], 2 * x)
