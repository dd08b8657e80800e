#!/usr/bin/env python3
"""The OpenVINO backend beside OpenVINO's own loop, which runs one request of the compiled network: see beside_loop.py.

    bench/openvino_ir.py               medians of 5 rounds of 2 s each, in turns
    bench/openvino_ir.py --rounds 9
"""
from beside_loop import compare
from support.openvino_models import MODELS, PYTHON, config, ir, made_by
from support.repository import parameters

DEFINE_CALL = """
import sys, numpy, openvino
network = openvino.Core().read_model(sys.argv[1])
network.reshape([int(sys.argv[2]), 3, 64, 64])
request = openvino.compile_model(network, "CPU").create_infer_request()
image = numpy.zeros((int(sys.argv[2]), 3, 64, 64), numpy.float32)
def call():
    request.infer([image], share_inputs=True, share_outputs=True)
"""

if __name__ == "__main__":
    compare(__doc__, DEFINE_CALL, PYTHON, made_by(MODELS) / "convolutions.xml", (3, 64, 64),
            config({"x": ("TYPE_FP32", [3, 64, 64])}, {"y": ("TYPE_FP32", [32])}, 8, parameters(ENABLE_OPEN_BATCH="YES")),
            ir("convolutions"))
