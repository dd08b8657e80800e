"""Model control over HTTP, as an operator's scripts do it."""
import base64
import json


def load(server, model, config=None, files=None, **parameters):
    """Loads the model; `config` is a dict or JSON text, `files` maps paths in the model's folder to contents."""
    if config is not None:
        parameters["config"] = config if isinstance(config, str) else json.dumps(config)
    for path, content in (files or {}).items():
        parameters[f"file:{path}"] = base64.b64encode(content).decode()
    return server.post(f"/v2/repository/models/{model}/load", {"parameters": parameters} if parameters else None)


def unload(server, model, body=None):
    return server.post(f"/v2/repository/models/{model}/unload", body)


def index(server, **body):
    """The index as {"model:version": "STATE" or "STATE: reason"}; a model never loaded is {"model": ""}."""
    entries = {}
    for entry in server.post("/v2/repository/index", body or None).json():
        key = f"{entry['name']}:{entry['version']}" if "version" in entry else entry["name"]
        entries[key] = ": ".join(entry[part] for part in ("state", "reason") if part in entry)
    return entries
