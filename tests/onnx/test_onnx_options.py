"""Options of the ONNX Runtime backend: session options, graph optimisation, thread pools, instances."""
import numpy as np
import onnxruntime
import pytest

from support.control import index, unload
from support.server import IS_SANITIZED
from support.onnx_models import double, identity, mlp, model, node
from support.wait import wait_until


def parameter(key, value):
    return f'parameters {{ key: "{key}" value: {{ string_value: "{value}" }} }}'


def answers(onnx, name):
    got = onnx.infer(name, x=np.ones((2, 3), dtype=np.float32))["y"]
    np.testing.assert_array_equal(got, np.full((2, 3), 2, dtype=np.float32))


@pytest.mark.parametrize("number, key, value", [(i, *option) for i, option in enumerate([
    ("execution_mode", "0"),
    ("execution_mode", "1"),
    ("intra_op_thread_count", "0"),
    ("intra_op_thread_count", "1"),
    ("intra_op_thread_count", "3"),
    ("inter_op_thread_count", "2"),
    ("enable_mem_arena", "0"),
    ("enable_mem_arena", "1"),
    ("enable_mem_pattern", "0"),
    ("memory.enable_memory_arena_shrinkage", "cpu:0"),
    ("session.use_device_allocator_for_initializers", "1"),
    ("session.intra_op.allow_spinning", "0"),
    ("session.disable_prepacking", "1"),
    ("session.set_denormal_as_zero", "1"),
    ("gpu_mem_limit", "1000000"),
    ("cudnn_conv_algo_search", "1"),
    ("arena_extend_strategy", "1"),
    ("do_copy_in_default_stream", "0"),
    ("a_key_of_somebody_else", "any text"),
])])
def test_session_options_are_accepted(onnx, number, key, value):
    config = onnx.load(f"option_{number}", double(), parameter(key, value))
    assert config["parameters"][key] == {"string_value": value}
    answers(onnx, f"option_{number}")


@pytest.mark.parametrize("level", [-1, 0, 1, 2])
def test_graph_optimisation_levels(onnx, level):
    onnx.load(f"level_{level}", double(), f"optimization {{ graph {{ level: {level} }} }}")
    answers(onnx, f"level_{level}")


def test_a_model_s_own_threads_are_its_instances(start_onnx):
    onnx = start_onnx()
    onnx.load("shared", double())
    before = onnx.server.thread_count()
    onnx.load("own", mlp(), parameter("intra_op_thread_count", "4") + "instance_group { count: 2 kind: KIND_CPU }")
    # A pool of 4 is the caller and 3 threads more; each instance has one.
    assert before + 2 * 3 <= onnx.server.thread_count() <= before + 2 * 3 + 2


def leave(onnx, name):
    assert unload(onnx.server, name).status_code == 200
    wait_until(lambda: index(onnx.server)[f"{name}:1"].startswith("UNAVAILABLE"))


def test_a_model_that_is_alone_has_threads_of_its_own(start_onnx):
    onnx = start_onnx("--backend-config=onnxruntime,intra_op_thread_count=60")
    onnx.load("loads_the_backend", double())
    leave(onnx, "loads_the_backend")

    def has_threads(name):
        before = onnx.server.thread_count()
        onnx.load(name, double())
        answers(onnx, name)
        # 59, since the caller is one; some threads of the server's come and go.
        return onnx.server.thread_count() - before > 30

    assert has_threads("first")
    assert not has_threads("second")
    leave(onnx, "first")
    assert has_threads("third")
    onnx.load("third")
    leave(onnx, "second")
    leave(onnx, "third")
    assert has_threads("fourth")


@pytest.mark.parametrize("value", ["1", "true"])
def test_the_global_pool_may_be_the_only_one(start_onnx, value):
    onnx = start_onnx(f"--backend-config=onnxruntime,enable-global-threadpool={value}",
                      "--backend-config=onnxruntime,intra_op_thread_count=3",
                      "--backend-config=onnxruntime,inter_op_thread_count=1")
    onnx.load("shared", double())
    before = onnx.server.thread_count()
    onnx.load("own", double(), parameter("intra_op_thread_count", "6"))
    assert onnx.server.thread_count() <= before + 1
    answers(onnx, "own")


def test_a_pool_size_that_is_no_number_stops_the_backend(start_onnx):
    onnx = start_onnx("--backend-config=onnxruntime,intra_op_thread_count=many")
    assert "intra_op_thread_count" in onnx.load_error("any", double())


@pytest.mark.parametrize("setting, value", [("intra_op_thread_count", 4294967297), ("inter_op_thread_count", 20000),
                                            ("default-max-batch-size", 2147483648)])
def test_a_number_that_cannot_be_stops_the_backend(start_onnx, setting, value):
    onnx = start_onnx(f"--backend-config=onnxruntime,{setting}={value}")
    assert f"'{setting}'" in onnx.load_error("any", double())
    assert str(value) in onnx.load_error("any", double())


def test_threads_do_not_grow_with_the_models(repository, start_server):
    for i in range(20):
        repository.add(f"mlp_{i}", None, files={"model.onnx": mlp(seed=i)})
    few = repository.path.parent / "few"
    (few / "mlp_0").mkdir(parents=True)
    (few / "mlp_0" / "1").symlink_to(repository.path / "mlp_0" / "1")
    with_one = start_server(few).thread_count()
    with_twenty = start_server(repository.path).thread_count()
    print(f"threads: {with_one} with one model, {with_twenty} with twenty of two instances each")
    assert with_twenty <= with_one + 4  # those that load models at the same time


def test_instances_are_what_the_configuration_says(onnx):
    config = onnx.load("instances", double(), """
        instance_group [ { count: 3 kind: KIND_CPU }, { name: "more" count: 1 kind: KIND_CPU } ]
        """)
    assert [(group["name"], group["count"]) for group in config["instance_group"]] == [("instances_0", 3), ("more", 1)]
    answers(onnx, "instances")


@pytest.mark.skipif(IS_SANITIZED, reason="a sanitizer's memory is not the server's")
def test_a_session_is_made_once_for_all_instances(start_onnx):
    onnx = start_onnx()
    onnx.load("one", identity(), "instance_group { count: 1 kind: KIND_CPU }")
    weights = np.zeros((1500, 1500), dtype=np.float32).nbytes / 1024
    big = mlp(1500, 1500, 1)
    before = onnx.server.rss_kib()
    onnx.load("big", big, "instance_group { count: 6 kind: KIND_CPU }")
    # Loading takes the file's bytes and the weights at the same time, but not six times.
    assert onnx.server.rss_kib() - before < 4 * weights


def test_answers_are_the_runtime_s_own(onnx):
    made = mlp()
    onnx.load("mlp", made, "max_batch_size: 64")
    session = onnxruntime.InferenceSession(made, providers=["CPUExecutionProvider"])
    random = np.random.default_rng(11)
    for rows in [1, 2, 3, 17, 64]:
        data = random.standard_normal((rows, 16), dtype=np.float32)
        np.testing.assert_allclose(onnx.infer("mlp", x=data)["y"], session.run(None, {"x": data})[0], rtol=1e-5, atol=1e-5)


def test_only_the_outputs_that_are_asked_for(onnx):
    made = model([node("Add", "a b", "sum"), node("Sub", "a b", "difference")],
                 {"a": ("FLOAT", [None, 3]), "b": ("FLOAT", [None, 3])},
                 {"sum": ("FLOAT", [None, 3]), "difference": ("FLOAT", [None, 3])})
    onnx.load("two", made)
    a, b = np.full((1, 3), 5, dtype=np.float32), np.full((1, 3), 2, dtype=np.float32)
    assert {name: array.tolist() for name, array in onnx.infer("two", a=a, b=b).items()} == {
        "sum": [[7, 7, 7]], "difference": [[3, 3, 3]]}
    assert {name: array.tolist() for name, array in onnx.infer("two", outputs=["difference"], a=a, b=b).items()} == {
        "difference": [[3, 3, 3]]}
