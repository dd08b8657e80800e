"""Makes the pipelines of these tests with DALI's Python module, in a process of its own: make_models.py <folder>.

Each is <name>.dali. answers.npz has what the Python module itself computes with them.
"""
import pathlib
import sys

import numpy as np
from nvidia.dali import fn, pipeline_def, types
from support.dali_models import photo


def numbers(name, **more):
    return fn.external_source(name=name, device="cpu", **more)


def decoded():
    encoded = numbers("ENCODED", dtype=types.UINT8, ndim=1)
    return fn.decoders.image(encoded, device="cpu", output_type=types.RGB)


@pipeline_def(batch_size=8, num_threads=2, device_id=None, output_dtype=[types.FLOAT], output_ndim=[3])
def classify():
    """A JPEG of any size as a network wants it."""
    return fn.crop_mirror_normalize(fn.resize(decoded(), size=[32, 32]), dtype=types.FLOAT, output_layout="CHW",
                                    mean=[123.675, 116.28, 103.53], std=[58.395, 57.12, 57.375])


@pipeline_def(batch_size=8, num_threads=2, device_id=None)
def whole():
    return decoded()


@pipeline_def(batch_size=8, num_threads=2, device_id=None, output_dtype=[types.FLOAT], output_ndim=[3])
def blur():
    """Of images of numbers, with more to compute than to send: what bench/frameworks.py measures."""
    large = fn.resize(numbers("x", dtype=types.FLOAT, ndim=3, layout="HWC"), size=[512, 512])
    return fn.resize(fn.gaussian_blur(large, window_size=5), size=[64, 64])


@pipeline_def(batch_size=4, num_threads=2, device_id=None, output_dtype=[types.FLOAT] * 2, output_ndim=[1, 1])
def add_sub():
    left, right = (numbers(name, dtype=types.FLOAT, ndim=1) for name in ("LEFT", "RIGHT"))
    return left + right, left - right


@pipeline_def(batch_size=8, num_threads=1, device_id=None)
def same():
    """Of any type."""
    return numbers("X")


@pipeline_def(batch_size=8, num_threads=1, device_id=None, output_dtype=[types.FLOAT], output_ndim=[2])
def rows():
    return numbers("X", dtype=types.FLOAT, ndim=2) * 2


@pipeline_def(batch_size=8, num_threads=1, device_id=None, output_dtype=[types.INT64], output_ndim=[0])
def scalar():
    return numbers("X", dtype=types.INT64, ndim=0) * 3


@pipeline_def(batch_size=1, num_threads=1, device_id=None, output_dtype=[types.UINT8], output_ndim=[4])
def video():
    frames = fn.experimental.inputs.video(name="VIDEO", device="cpu", sequence_length=3, last_sequence_policy="partial")
    return fn.resize(frames, size=[8, 8])


@pipeline_def(batch_size=8, num_threads=1, device_id=None, output_dtype=[types.FLOAT], output_ndim=[1])
def two_types():
    return fn.cast(numbers("BYTES", dtype=types.UINT8, ndim=1), dtype=types.FLOAT)[0] + numbers("FLOATS", dtype=types.FLOAT, ndim=1)


@pipeline_def(batch_size=8, num_threads=1, device_id=None)
def no_input():
    return types.Constant(1.5)


def answer(made, **samples):
    """Of one batch, the first output's samples."""
    pipeline = made(prefetch_queue_depth=1)
    pipeline.build()
    for name, batch in samples.items():
        pipeline.feed_input(name, batch)
    return [np.array(sample) for sample in pipeline.run()[0]]


def main(folder):
    for made in (classify, whole, blur, add_sub, same, rows, scalar, video, two_types, no_input):
        (folder / f"{made.__name__}.dali").write_bytes(made().serialize())
    files = [np.frombuffer(photo(name), np.uint8) for name in ("china", "flower")]
    classified = answer(classify, ENCODED=files)
    np.savez(folder / "answers.npz", china=classified[0], flower=classified[1], whole_china=answer(whole, ENCODED=files)[0])


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]))
