"""Operators of users' own, from the libraries that the configuration names."""

import onnx as onnx_package
import numpy as np
import pytest
from onnx import helper
from support.onnx_models import model
from support.server import BUILD

LIBRARY = BUILD / "test_operators/libtwice.so"


def twice():
    made = onnx_package.load_from_string(model(
        [helper.make_node("Twice", ["x"], ["y"], domain="own")], {"x": ("FLOAT", [None, 2])}, {"y": ("FLOAT", [None, 2])}))
    made.opset_import.append(helper.make_opsetid("own", 1))
    return made.SerializeToString()


def naming(library):
    return f'backend: "onnxruntime" model_operations {{ op_library_filename: "{library}" }}'


def doubles(onnx, name):
    onnx.load(name)
    assert onnx.infer(name, x=np.array([[1, 2]], dtype=np.float32))["y"].tolist() == [[2, 4]]


def test_a_library_named_by_its_path(onnx):
    onnx.add("own_path", twice(), naming(LIBRARY))
    doubles(onnx, "own_path")


@pytest.mark.parametrize("file", ["libtwice.so", "operators/libtwice.so"])
def test_a_library_beside_the_model(onnx, file):
    name = f"own_{file.count('/')}"
    path = onnx.add(name, twice(), naming(file)) / "1" / file
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(LIBRARY.read_bytes())
    doubles(onnx, name)


def test_several_instances_with_threads_of_their_own(onnx):
    onnx.add("own_threads", twice(), naming(LIBRARY) + """
        instance_group { count: 3 kind: KIND_CPU }
        parameters { key: "intra_op_thread_count" value: { string_value: "2" } }
        """)
    doubles(onnx, "own_threads")
    doubles(onnx, "own_threads")  # again, after a reload


def test_without_the_library_the_operator_is_named(onnx):
    assert "own:Twice" in onnx.load_error("own_without", twice(), 'backend: "onnxruntime"')


def test_a_library_that_cannot_be_loaded_is_named(onnx):
    assert "libnowhere.so" in onnx.load_error("own_missing", twice(), naming("libnowhere.so"))
    onnx.add("own_text", twice(), naming("no_library.so"))
    (onnx.repository.path / "own_text" / "1" / "no_library.so").write_text("no library")
    assert "no_library.so" in onnx.load_error("own_text")
