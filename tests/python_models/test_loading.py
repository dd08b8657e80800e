"""Python models that load, complete their configuration, or say why they cannot."""
import json

import numpy as np
import pytest
from support.clients import arrays_of, inputs_of
from support.python_models import IDENTITY, python_on_path
from support.server import Server
from support.wait import wait_until
from tritonclient.utils import InferenceServerException

COMPLETE = """
@staticmethod
def auto_complete_config(config):
    {body}
""" + IDENTITY

IN_OUT = """
    config.add_input({"name": "IN", "data_type": "TYPE_FP32", "dims": [-1]})
    config.add_output({"name": "OUT", "data_type": "TYPE_FP32", "dims": [-1]})
"""

REFUSED = {
    "size": ("max_batch_size: 8", "config.set_max_batch_size(4)",
             "configuration specified max_batch_size 8, but in auto-complete-config function for model 'size' specified "
             "max_batch_size 4"),
    "datatype": ('backend: "python" input { name: "IN" data_type: TYPE_INT8 dims: [-1] }',
                 'config.add_input({"name": "IN", "data_type": "TYPE_FP32", "dims": [-1]})',
                 "unable to load model 'datatype', configuration expects datatype TYPE_INT8 for input 'IN', model provides "
                 "TYPE_FP32"),
    "dims": ('backend: "python" input { name: "IN" data_type: TYPE_INT8 dims: [2] }',
             'config.add_input({"name": "IN", "data_type": "TYPE_INT8", "dims": [3, 1]})',
             "model 'dims', tensor 'IN': the model expects dims [3, 1] but the model configuration specifies dims [2]"),
    "policy": ("model_transaction_policy { decoupled: true }",
               'config.set_model_transaction_policy({"decoupled": False})',
               "trying to change decoupled property in auto-complete-config for model 'policy'"),
    "key": ("", 'config.add_input({"name": "IN", "data_type": "TYPE_INT8", "dims": [1], "color": 1})',
            "input 'IN' in auto-complete-config function for model 'key' contains property other than"),
    "missing": ("", 'config.add_output({"name": "OUT", "dims": [1]})',
                "output 'OUT' in auto-complete-config function for model 'missing' is missing 'data_type' property."),
    "nothing": ("", "return None",
                "auto_complete_config function in model 'nothing' must return a valid pb.ModelConfig object."),
}

BROKEN = {
    "broken_import": ("import no_such_module_at_all\n",
                      "ModuleNotFoundError: No module named 'no_such_module_at_all'\n\nAt:\n"),
    "broken_syntax": ("def f(:\n", "SyntaxError: "),
    "broken_class": ("x = 1\n", "AttributeError: module '1.model' has no attribute 'TritonPythonModel'"),
    "broken_initialize": ("class TritonPythonModel:\n    def initialize(self, args):\n        raise KeyError('no key')\n",
                          "KeyError: 'no key'\n\nAt:\n"),
    "broken_exit": ("import os; os._exit(3)\n", "Stub process 'broken_exit' is not healthy."),
    "broken_constructor": ("class TritonPythonModel:\n    def __init__(self):\n        raise OSError('no disk')\n",
                           "OSError: no disk\n\nAt:\n"),
}


@pytest.fixture(scope="module")
def server(models, serve):
    models.add_completed("completed", COMPLETE.replace("{body}", IN_OUT + """
    config.set_max_batch_size(4)
    config.set_dynamic_batching()
    return config
    """))
    models.add_completed("decoupled", COMPLETE.replace("{body}", IN_OUT + """
    config.set_model_transaction_policy({"decoupled": True})
    assert config.as_dict()["model_transaction_policy"] == {"decoupled": True}
    return config
    """), "backend: 'python'")
    for name, (config, body, _) in REFUSED.items():
        models.add_completed(name, COMPLETE.replace("{body}", body), config)
    for name, (source, _) in BROKEN.items():
        models.add(name, "", raw=source)
    models.add("arguments", """
        def initialize(self, args):
            from helper_beside import VALUE
            config = json.loads(args["model_config"])
            assert config["name"] == "arguments" and config["input"][0]["dims"] == [-1]
            assert pb_utils.get_input_config_by_name(config, "IN")["data_type"] == "TYPE_FP32"
            assert pb_utils.get_output_config_by_name(config, "NONE") is None
            assert not pb_utils.using_decoupled_model_transaction_policy(config)
            args = dict(args, model_config="", helper=VALUE, parameter=config["parameters"]["color"]["string_value"],
                        folder=pb_utils.get_model_dir(), module=__name__)
            self.told = json.dumps(args)

        def execute(self, requests):
            return [answer(OUT=np.array([self.told], dtype=object)) for _ in requests]

        def finalize(self):
            pb_utils.Logger.log_info("arguments says goodbye")
        """, outputs={"OUT": "TYPE_STRING"}, files={"helper_beside.py": "VALUE = 'helped'"},
        extra='parameters { key: "color" value { string_value: "blue" } }')
    models.add("finalize_fails", IDENTITY + """
def finalize(self):
    raise RuntimeError("cannot finalize")
""")
    models.add("force", IDENTITY, extra='parameters { key: "FORCE_CPU_ONLY_INPUT_TENSORS" value { string_value: "x" } }')
    return serve("--model-control-mode=explicit", "--load-model=arguments")


def test_the_model_is_told_what_it_is(client, server, module_repository):
    told = json.loads(arrays_of(client.infer("arguments", inputs_of({"IN": np.float32([1])})))["OUT"][0])
    folder = str(module_repository.path / "arguments")
    assert told == {"model_config": "", "model_instance_name": "arguments_0", "model_instance_kind": "CPU",
                    "model_instance_device_id": "0", "model_repository": folder, "model_version": "1", "model_name": "arguments",
                    "helper": "helped", "parameter": "blue", "folder": folder + "/1", "module": "1.model"}
    client.unload_model("arguments")
    wait_until(lambda: "arguments says goodbye" in server.log)
    assert not list((module_repository.path / "arguments").rglob("__pycache__"))


def test_a_model_completes_its_configuration(client, server):
    client.load_model("completed")
    config = server.get("/v2/models/completed/config").json()
    assert config["max_batch_size"] == 4 and "dynamic_batching" in config
    assert [(tensor["name"], tensor["data_type"]) for tensor in config["input"]] == [("IN", "TYPE_FP32")]
    got = arrays_of(client.infer("completed", inputs_of({"IN": np.float32([[1, 2]])})))["OUT"]
    assert got.tolist() == [[1, 2]]


def test_a_model_makes_itself_decoupled(client, server):
    client.load_model("decoupled")
    assert server.get("/v2/models/decoupled/config").json()["model_transaction_policy"]["decoupled"]


@pytest.mark.parametrize("name", REFUSED)
def test_what_contradicts_the_configuration_is_refused(client, name):
    with pytest.raises(InferenceServerException) as caught:
        client.load_model(name)
    assert REFUSED[name][2] in caught.value.message()


@pytest.mark.parametrize("name", BROKEN)
def test_a_model_that_cannot_start_says_why(client, name):
    with pytest.raises(InferenceServerException) as caught:
        client.load_model(name)
    assert BROKEN[name][1] in caught.value.message()
    assert not client.is_model_ready(name)


def test_finalize_may_fail(client, server):
    client.load_model("finalize_fails")
    client.unload_model("finalize_fails")
    wait_until(lambda: "successfully unloaded 'finalize_fails'" in server.log)
    assert "RuntimeError: cannot finalize" in server.log


def test_a_wrong_parameter_is_named(client):
    with pytest.raises(InferenceServerException, match="Incorrect value for FORCE_CPU_ONLY_INPUT_TENSORS: x"):
        client.load_model("force")


@pytest.mark.parametrize("setting, text", [
    ("shm-default-byte-size=1000", "shm-default-byte-size can't be smaller than 4 MiBs"),
    ("shm-growth-byte-size=0", "shm-growth-byte-size can't be smaller than or equal to zero"),
    ("shm_message_queue_size=0", "shm_message_queue_size can't be smaller than or equal to zero"),
    ("stub-timeout-seconds=0", "stub-timeout-seconds can't be smaller than or equal to zero"),
    ("thread-pool-size=0", "thread-pool-size can't be less than 1"),
    ("thread-pool-size=many", "failed to convert 'many' to integer"),
    ("python-interpreter=/no/python", "expected a Python interpreter at '/no/python'"),
    ("python-interpreter=no-such-python", "expected a Python interpreter named 'no-such-python' in PATH"),
])
def test_settings_are_checked(module_repository, models, setting, text):
    models.add("settings", IDENTITY)
    server = Server(module_repository.path, f"--backend-config=python,{setting}", "--model-control-mode=explicit",
                    "--load-model=settings", ready=False, env=python_on_path()).start()
    assert server.wait() == 1
    assert text in server.log


def test_settings_of_triton_are_taken(module_repository, models, start_server):
    models.add("settings", IDENTITY)
    settings = ["shm-default-byte-size=1048576", "shm-growth-byte-size=1", "shm-region-prefix-name=x",
                "shm_message_queue_size=10", "stub-timeout-seconds=3", "thread-pool-size=1"]
    start_server(module_repository.path, *(f"--backend-config=python,{setting}" for setting in settings),
                 "--model-control-mode=explicit", "--load-model=settings", env=python_on_path())
