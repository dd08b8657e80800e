"""An application as users of PyTriton write them, run by PyTriton's own environment; test_pytriton.py asks it."""
import logging
import os
import time

import numpy as np
from pytriton.decorators import batch
from pytriton.model_config import DynamicBatcher, ModelConfig, Tensor
from pytriton.triton import Triton, TritonConfig, TritonSecurityConfig


def make_scale(instance):
    @batch
    def scale(x):
        if np.isnan(x).any():
            raise ValueError("x has a NaN")
        time.sleep(0.02)  # long enough for others to come meanwhile
        return {"y": 3 * x, "executed": np.full((len(x), 2), [instance, len(x)], np.int64)}
    return scale


@batch
def spell(text):
    for position in range(text.shape[1]):
        yield {"letter": text[:, position:position + 1]}


@batch
def reverse(text):
    return [text[:, ::-1]]


logging.basicConfig(level=logging.INFO)  # tells when all is up
numbers = Tensor(name="x", dtype=np.float32, shape=(-1,))
texts = Tensor(name="text", dtype=bytes, shape=(-1,))
vertex_ai = "AIP_PREDICT_ROUTE" in os.environ
triton = Triton(
    config=TritonConfig(cache_config=["local,size=1048576"],
                        allow_vertex_ai=vertex_ai, vertex_ai_default_model="scale" if vertex_ai else None,
                        allow_http=True),  # PyTriton asks over it, and AIP_MODE closes it
    security_config=TritonSecurityConfig(access_token=os.environ["TOKEN"]))
triton.bind(
    "scale", [make_scale(0), make_scale(1)], inputs=[numbers],
    outputs=[Tensor(name="y", dtype=np.float32, shape=(-1,)), Tensor(name="executed", dtype=np.int64, shape=(2,))],
    config=ModelConfig(max_batch_size=8, batcher=DynamicBatcher(max_queue_delay_microseconds=5000, preferred_batch_size=[4, 8])))
triton.bind("spell", spell, inputs=[texts], outputs=[Tensor(name="letter", dtype=bytes, shape=(1,))],
            config=ModelConfig(decoupled=True))
triton.bind("reverse", reverse, inputs=[texts], outputs=[Tensor(dtype=bytes, shape=(-1,))],
            config=ModelConfig(response_cache=True))
triton.serve(monitoring_period_s=1)
