"""Ensembles in the real Triton and in Neso, over the same plug-ins: the same answers, errors and counts for the same load."""
import json

import pytest
from support.control import index, load, unload
from support.ensembles import add_graphs, body
from support.server import Server
from support.triton import Triton, needs_triton
from support.wait import wait_until

pytestmark = needs_triton

DECOUPLED = "model_transaction_policy { decoupled: true }"
ROW = [1.0, 2.0, 3.0]


@pytest.fixture(scope="module")
def servers(module_repository):
    models = module_repository
    add_graphs(models)
    models.add_identity("broken", parameters={"initialize_error": "no luck"})
    models.add_identity("echo", parameters={"echo_parameters": "true"})
    models.add_chain("longer", ["a", "b", "a", "b"])
    models.add_ensemble("apart", [("a", {"INPUT0": "IN"}, {"OUTPUT0": "OUT"}),
                                  ("b", {"INPUT0": "IN1"}, {"OUTPUT0": "OUT1"})],
                        inputs=("IN", ("IN1", "optional: true")), outputs=("OUT", "OUT1"))
    models.add_chain("in_sequence", ["echo", "a"])
    models.add_chain("needs_broken", ["a", "broken"])
    models.add_chain("needs_nothing_there", ["a", "nothing_there"])
    models.add_ensemble("needs_version", [("a", {"INPUT0": "IN"}, {"OUTPUT0": "OUT"}, 7)])
    models.add_ensemble("circle1", [("circle2", {"IN": "IN"}, {"OUT": "OUT"})])
    models.add_ensemble("circle2", [("circle1", {"IN": "IN"}, {"OUT": "OUT"})])
    names = ["outer", "outer_fails", "longer", "fork", "apart", "through_one_row", "through_rows", "in_sequence"]
    running = [kind(models.path, "--model-control-mode=explicit", *(f"--load-model={name}" for name in names)).start()
               for kind in (Triton, Server)]
    yield running
    for server in running:
        server.stop()


def answer(server, model, request):
    """What a client sees, but for what Triton 2.51 adds to each answer and 2.73 does not any more."""
    response = server.infer(model, request)
    told = response.json()
    told.pop("parameters", None)
    told.get("outputs", []).sort(key=lambda output: output["name"])
    return response.status_code, told


REQUESTS = [
    *(("chain", body(*rows)) for rows in ([[1.0]], [[1.0], [2.0]])),
    ("chain", body(ROW, id="me", priority=2, timeout=1000)),
    ("outer", body(ROW)),
    ("longer", body(ROW, ROW)),
    ("fork", body(ROW)),
    ("fork", body(ROW, outputs=["OUT1"])),
    ("apart", body(ROW, inputs=["IN", "IN1"])),
    ("apart", body(ROW)),
    ("through_one_row", body(ROW)),
    ("through_one_row", body(ROW, ROW)),
    ("through_rows", {"inputs": [{"name": "IN", "datatype": "FP32", "shape": [3], "data": ROW}]}),
    ("in_sequence", body(ROW, sequence_id=5, sequence_start=True)),
    ("fails", body(ROW)),
    ("fails", body(ROW, id="me")),
    ("outer_fails", body(ROW)),
    ("chain", body(ROW, inputs=["OTHER"])),
    ("chain", body(*[ROW] * 9)),
    ("chain", body(ROW, outputs=["OTHER"])),
]


@pytest.mark.parametrize("model, request_body", REQUESTS, ids=[f"{model}-{i}" for i, (model, _) in enumerate(REQUESTS)])
def test_answers(servers, model, request_body):
    triton, ours = servers
    assert answer(ours, model, request_body) == answer(triton, model, request_body)


def test_metadata_and_configuration(servers):
    triton, ours = servers
    for model in ("chain", "outer", "fork", "apart", "through_rows"):
        assert ours.get(f"/v2/models/{model}").json() == triton.get(f"/v2/models/{model}").json()
        theirs, mine = (server.get(f"/v2/models/{model}/config").json() for server in (triton, ours))
        known = mine["ensemble_scheduling"].pop("max_inflight_requests", 0)  # later than 2.51
        assert known == 0
        assert mine == theirs


def counts(server, model):
    stats = server.get(f"/v2/models/{model}/stats").json()["model_stats"][0]
    return {"inferences": stats["inference_count"], "executions": stats["execution_count"],
            "batches": {batch["batch_size"]: batch["compute_infer"]["count"] for batch in stats["batch_stats"]},
            **{name: value["count"] for name, value in stats["inference_stats"].items() if name != "fail"}}


def test_counts_of_the_same_load(servers):
    models = ("a", "b", "two", "chain", "outer", "fork", "longer")
    before = [{model: counts(server, model) for model in models} for server in servers]
    for server in servers:
        for round_ in range(3):
            for model in ("chain", "outer", "fork", "longer"):
                assert server.infer(model, body(*[ROW] * (1 + round_))).status_code == 200

    def grown(which):
        now = {model: counts(servers[which], model) for model in models}
        return json.dumps([before[which], now], sort_keys=True)

    wait_until(lambda: grown(0) == grown(1))


LOADS = ["needs_broken", "needs_nothing_there", "needs_version", "circle1"]


@pytest.mark.parametrize("model", LOADS)
def test_what_a_load_of_an_ensemble_says(servers, model):
    triton, ours = (load(server, model) for server in servers)
    assert (ours.status_code, ours.json()) == (triton.status_code, triton.json())


def test_ensembles_follow_their_models(servers):
    """The same requests for the models of an ensemble, and the same index after each."""
    configs = [server.get("/v2/models/a/config").json() for server in servers]

    def both(action, *args):
        answers = [action(server, *args) for server in servers]
        assert answers[0].status_code == answers[1].status_code, [each.text for each in answers]

    def load_changed(**changes):
        for server, config in zip(servers, configs, strict=True):
            assert load(server, "a", {**config, **changes}).status_code == 200

    def state(server):
        wanted = ("a:1", "b:1", "chain:1", "outer:1", "longer:1")
        # Neso says why one is unloaded that nobody unloaded.
        return {name: told.split(": unloaded: ")[0] + ": unloaded" if ": unloaded: " in told else told
                for name, told in index(server).items() if name in wanted}

    def agree(**expected):
        wait_until(lambda: state(servers[0]) == state(servers[1]) and
              all(state(servers[1])[f"{name}:1"].startswith(told) for name, told in expected.items()))

    agree(a="READY", chain="READY", outer="READY")
    load_changed(parameters={"response_parameters": {"string_value": "true"}})
    agree(chain="READY", outer="READY")
    integers = [dict(configs[0][kind][0], data_type="TYPE_INT32") for kind in ("input", "output")]
    load_changed(input=[integers[0]], output=[integers[1]])
    agree(a="READY", chain="UNAVAILABLE: unloaded", outer="UNAVAILABLE: unloaded")
    load_changed()
    agree(chain="READY", outer="READY")
    both(unload, "a")
    agree(a="UNAVAILABLE: unloaded", b="READY", chain="UNAVAILABLE: unloaded", outer="UNAVAILABLE: unloaded")
    both(load, "a")
    agree(a="READY", chain="READY", outer="READY")
    both(unload, "chain")
    agree(a="READY", chain="UNAVAILABLE: unloaded", outer="UNAVAILABLE: unloaded", longer="READY")
    both(load, "outer")
    agree(chain="READY", outer="READY")
