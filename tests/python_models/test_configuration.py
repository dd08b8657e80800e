"""What a model may do while it completes its configuration, and where its files are looked for."""
import json
import re

import numpy as np
import pytest
from support.clients import arrays_of, inputs_of
from support.python_models import IDENTITY, PREAMBLE, python_on_path
from support.wait import wait_until
from tritonclient.utils import InferenceServerException

COMPLETES = """
@staticmethod
def auto_complete_config(config):
    {body}
    config.add_input({{"name": "IN", "data_type": "TYPE_FP32", "dims": [-1]}})
    config.add_output({{"name": "OUT", "data_type": "TYPE_FP32", "dims": [-1]}})
    return config
""" + IDENTITY.replace("{", "{{").replace("}", "}}")

NAME, TYPE, DIMS = '"name": "A"', '"data_type": "TYPE_INT8"', '"dims": [2]'

REFUSED = [
    ("config.add_output({%s, %s, %s, 'optional': True})" % (NAME, TYPE, DIMS), "",
     "output 'A' in auto-complete-config function for model 'M' contains property other than 'name', 'data_type' and 'dims'."),
    ("config.add_input({%s, %s})" % (TYPE, DIMS), "",
     "input in auto-complete-config function for model 'M' is missing 'name' property."),
    ("config.add_input({%s, %s})" % (NAME, TYPE), "",
     "input 'A' in auto-complete-config function for model 'M' is missing 'dims' property."),
    ("config.add_input({%s, %s, %s, 'optional': False})" % (NAME, TYPE, DIMS),
     "input { name: 'A' data_type: TYPE_INT8 dims: 2 optional: true }",
     "model 'M', tensor 'A': the model expects optional False but the model configuration specifies optional True"),
    ("config.add_output({%s, %s, %s})" % (NAME, TYPE, DIMS), "output { name: 'A' data_type: TYPE_INT64 dims: 2 }",
     "unable to load model 'M', configuration expects datatype TYPE_INT64 for output 'A', model provides TYPE_INT8"),
    ("config.set_model_transaction_policy({'decoupled': True, 'other': 1})", "",
     "model transaction property in auto-complete-config function for model 'M' contains property other than 'decoupled'."),
    ("config.set_model_transaction_policy({})", "",
     "model transaction property in auto-complete-config function for model 'M' is missing 'decoupled' property"),
    ("pb_utils.load_model('plain')", "", "Failed to load model: "),
    ("pb_utils.unload_model('plain')", "", "Failed to unload model: "),
    ("pb_utils.InferenceRequest(model_name='plain', inputs=[], requested_output_names=[]).exec()", "",
     "BLS is only supported during the 'execute' function."),
]


@pytest.fixture(scope="module")
def server(models, module_repository, serve):
    for i, (body, config, _) in enumerate(REFUSED):
        models.add_completed(f"refused_{i}", COMPLETES.format(body=body), f'backend: "python"\n{config}')
    models.add_completed("agrees", COMPLETES.format(body="""
    copy = config.as_dict()
    copy["input"].clear()
    assert config.as_dict()["input"], "a copy was asked for"
    config.add_input({"name": "A", "data_type": "TYPE_INT8", "dims": [2], "optional": True})
    config.add_input({"name": "B", "data_type": "TYPE_INT8", "dims": [3], "optional": True})
    config.set_max_batch_size(8)
    config.set_max_batch_size(9)
    config.set_dynamic_batching()
    config.set_model_transaction_policy({"decoupled": False})
    """.strip()), """
        backend: "python"
        max_batch_size: 8
        dynamic_batching { max_queue_delay_microseconds: 77 }
        input { name: "A" data_type: TYPE_INT8 dims: 2 optional: true }
        """)
    # What it says and does there is not what its instance knows.
    models.add_completed("apart", COMPLETES.format(body="""
    print("completing", os.getpid())
    pb_utils.Logger.log_warn("a warning while completing")
    pb_utils.touched = True
    """.strip()) + """
def initialize(self, args):
    assert not hasattr(pb_utils, "touched")
    print("initializing", os.getpid())
""")
    models.add("other_file", "", raw="raise RuntimeError('not this one')", extra='default_model_filename: "served.py"', files={
        "served.py": PREAMBLE + "class TritonPythonModel:\n" + IDENTITY.replace("\n", "\n    ").replace(
            "OUT=values(request)", "OUT=np.array([__name__], dtype=object)")}, outputs={"OUT": "TYPE_STRING"})
    models.add("imports", """
        def execute(self, requests):
            from in_model_folder import PLACE
            from in_version_folder import OTHER
            from both import WHICH
            return [answer(OUT=np.array([PLACE, OTHER, WHICH], dtype=object))]
        """, outputs={"OUT": "TYPE_STRING"}, files={"in_version_folder.py": "OTHER = 'version'", "both.py": "WHICH = 'version'"})
    (module_repository.path / "imports" / "in_model_folder.py").write_text("PLACE = 'model'")
    (module_repository.path / "imports" / "both.py").write_text("WHICH = 'model'")
    models.add("of_kind_model", """
        def initialize(self, args):
            self.told = json.dumps([args["model_instance_kind"], args["model_instance_device_id"]])
        def execute(self, requests):
            return [answer(OUT=np.array([self.told], dtype=object))]
        """, outputs={"OUT": "TYPE_STRING"}, extra="instance_group { kind: KIND_MODEL }")
    models.add("not_forced", IDENTITY, extra='parameters { key: "FORCE_CPU_ONLY_INPUT_TENSORS" value { string_value: "no" } }')
    # The interpreter's lock is held all the while: no other thread of the process says that it is alive.
    models.add("slow", """
        def initialize(self, args):
            import ctypes
            ctypes.PyDLL(None).usleep(2_500_000)
        """ + IDENTITY.replace("\n", "\n        "))
    models.add("od'd $(name)`;", IDENTITY)
    models.add("plain", IDENTITY)
    return serve("--model-control-mode=explicit", "--load-model=plain")


def ask(client, model, value=1.0):
    return arrays_of(client.infer(model, inputs_of({"IN": np.float32([value])})))["OUT"].tolist()


@pytest.mark.parametrize("number", range(len(REFUSED)))
def test_what_is_refused(client, number):
    with pytest.raises(InferenceServerException) as caught:
        client.load_model(f"refused_{number}")
    assert REFUSED[number][2].replace("'M'", f"'refused_{number}'") in caught.value.message()


def test_what_agrees_is_taken(client, server):
    client.load_model("agrees")
    config = server.get("/v2/models/agrees/config").json()
    assert (config["max_batch_size"], config["dynamic_batching"]["max_queue_delay_microseconds"]) == (9, 77)
    assert [(tensor["name"], tensor["optional"]) for tensor in config["input"]] == [("A", True), ("B", True), ("IN", False)]


def test_it_happens_in_a_process_of_its_own(client, server):
    client.load_model("apart")
    completing, = wait_until(lambda: re.findall(r'I\S+ .* model.py:\d+\] "completing (\d+)"', server.log))
    initializing, = wait_until(lambda: re.findall(r'"initializing (\d+)"', server.log))
    assert completing != initializing
    assert re.search(r'^W.* model.py:\d+\] "a warning while completing"$', server.log, re.M)


def test_completion_can_be_switched_off(module_repository, models, start_server):
    models.add_completed("not_asked", COMPLETES.format(body="raise ValueError('asked')"), """
        backend: "python"
        input { name: "IN" data_type: TYPE_FP32 dims: -1 }
        output { name: "OUT" data_type: TYPE_FP32 dims: -1 }
        """)
    server = start_server(module_repository.path, "--disable-auto-complete-config", "--model-control-mode=explicit",
                          "--load-model=not_asked", env=python_on_path())
    answer = server.infer("not_asked", {"inputs": [{"name": "IN", "datatype": "FP32", "shape": [1], "data": [5]}]})
    assert answer.json()["outputs"][0]["data"] == [5]


def test_another_file_may_be_the_model(client):
    client.load_model("other_file")
    assert ask(client, "other_file") == [b"1.served"]


def test_files_beside_the_model_and_its_versions_are_imported(client):
    client.load_model("imports")
    assert ask(client, "imports") == [b"model", b"version", b"version"]


def test_instances_that_the_model_places_itself(client):
    client.load_model("of_kind_model")
    assert json.loads(ask(client, "of_kind_model")[0]) == ["MODEL", "0"]


@pytest.mark.parametrize("model", ["not_forced", "od'd $(name)`;"])
def test_it_is_served(client, model):
    client.load_model(model)
    assert ask(client, model, 7.0) == [7.0]


def test_initialize_may_take_its_time(client):
    client.load_model("slow")
    assert ask(client, "slow", 7.0) == [7.0]
