"""Unloads a model, finds that it has gone, and loads it again, with another configuration, too."""
import argparse
import importlib
import json

parser = argparse.ArgumentParser()
parser.add_argument("-v", "--verbose", action="store_true")
parser.add_argument("-i", "--protocol", choices=["http", "grpc"], default="http")
parser.add_argument("-u", "--url", default="localhost:8000")
flags = parser.parse_args()
client = importlib.import_module(f"tritonclient.{flags.protocol}")
as_json = {} if flags.protocol == "http" else {"as_json": True}

with client.InferenceServerClient(flags.url, verbose=flags.verbose) as server:
    index = server.get_model_repository_index(**as_json)
    assert "simple" in [model["name"] for model in (index if flags.protocol == "http" else index["models"])], index
    server.load_model("simple")
    assert server.is_model_ready("simple")
    server.unload_model("simple")
    assert not server.is_model_ready("simple")

    config = server.get_model_config("simple_string", **as_json)
    config = {**(config if flags.protocol == "http" else config["config"]), "max_batch_size": 4}
    server.load_model("simple_string", config=json.dumps(config))
    told = server.get_model_config("simple_string", **as_json)
    assert (told if flags.protocol == "http" else told["config"])["max_batch_size"] == 4, told

    server.load_model("simple")
    server.load_model("simple_string")
    assert server.is_model_ready("simple") and server.is_model_ready("simple_string")
    try:
        server.load_model("no_such_model")
    except client.InferenceServerException as error:
        assert "no_such_model" in error.message()
    else:
        raise SystemExit("expected an error for a model that is not there")
print("PASS: simple_model_control")
