"""Configurations that are mutated by their structure, by file and by load request: each load is answered soon, and the server
serves on. NESO_CONFIG_CASES sets how many (`make config-fuzz CASES=20000`), NESO_CONFIG_SEED where they begin.
"""
import collections
import os
import time

import pytest
from support.config_mutator import ConfigMutator, as_json, as_text, parse
from support.control import load, unload
from support.inference import ask, values
from support.onnx_models import double
from support.server import PATIENCE

CASES = int(os.environ.get("NESO_CONFIG_CASES", "300"))
SEED = int(os.environ.get("NESO_CONFIG_SEED", "1"))
LONGEST = 1.0  # seconds for one load

IO = """input { name: "INPUT0" data_type: TYPE_FP32 dims: [-1] } output { name: "OUTPUT0" data_type: TYPE_FP32 dims: [-1] }"""
BATCHING = f'backend: "identity" max_batch_size: 8 {IO}'
ORIGINALS = [parse(text) for text in (
    BATCHING,
    BATCHING + """ dynamic_batching { preferred_batch_size: [2, 4] max_queue_delay_microseconds: 100 priority_levels: 3
        default_priority_level: 1 preserve_ordering: false
        default_queue_policy { timeout_action: DELAY default_timeout_microseconds: 1000 max_queue_size: 4 }
        priority_queue_policy { key: 2 value { max_queue_size: 1 } } }""",
    BATCHING + """ instance_group [ { count: 2 kind: KIND_CPU host_policy: "p" }, { name: "b" count: 1 kind: KIND_CPU
        passive: true rate_limiter { resources { name: "r" count: 2 } } } ] version_policy { specific { versions: [1] } }""",
    """backend: "identity" max_batch_size: 8 input { name: "INPUT0" data_type: TYPE_FP32 dims: [2] }
        output { name: "OUTPUT0" data_type: TYPE_FP32 dims: [2] label_filename: "labels.txt" }
        model_warmup { name: "w" batch_size: 2 count: 3
          inputs { key: "INPUT0" value { data_type: TYPE_FP32 dims: [2] random_data: true } } }""",
    BATCHING + """ sequence_batching { max_sequence_idle_microseconds: 5000000
        control_input { name: "START" control { kind: CONTROL_SEQUENCE_START int32_false_true: [0, 1] } }
        state { input_name: "s" output_name: "t" data_type: TYPE_FP32 dims: [1] } oldest { max_candidate_sequences: 4 } }""",
    f"""platform: "ensemble" max_batch_size: 8 {IO} ensemble_scheduling {{
        step {{ model_name: "good" model_version: -1 input_map {{ key: "INPUT0" value: "INPUT0" }}
                output_map {{ key: "OUTPUT0" value: "x" }} }}
        step {{ model_name: "good" model_version: -1 input_map {{ key: "INPUT0" value: "x" }}
                output_map {{ key: "OUTPUT0" value: "OUTPUT0" }} }} }}""",
    """backend: "onnxruntime" default_model_filename: "model.onnx" max_batch_size: 4
        parameters { key: "intra_op_thread_count" value { string_value: "1" } } optimization { graph { level: 1 } }
        instance_group { count: 1 kind: KIND_CPU }""",
    BATCHING + """ batch_output { target_name: "OUTPUT0" kind: BATCH_SCATTER_WITH_INPUT_SHAPE source_input: "INPUT0" }
        model_transaction_policy { decoupled: false } response_cache { enable: true } metric_tags { key: "a" value: "b" }""",
)]


@pytest.fixture
def server(repository, start_server):
    repository.add_identity("good")
    folder = repository.add("m", None, files={"model.onnx": double((None, 2))})
    (folder / "labels.txt").write_text("cat\ndog\n")
    (folder / "warmup").mkdir()
    (folder / "warmup" / "data").write_bytes(bytes(64))
    return start_server(repository.path, "--model-control-mode=explicit", "--load-model=good", "--log-verbose=0")


def load_mutated(server, repository, config, by_file):
    file = repository.path / "m" / "config.pbtxt"
    if by_file:
        file.write_text(as_text(config))
        return load(server, "m")
    file.unlink(missing_ok=True)
    return load(server, "m", as_json(config))


@pytest.mark.timeout(120 + CASES)
def test_every_load_is_answered_soon(server, repository):
    slowest, answers = (0, None), collections.Counter()
    for case in range(SEED, SEED + CASES):
        mutator = ConfigMutator(case)
        config = mutator.mutate(ORIGINALS[case % len(ORIGINALS)])
        by_file = case // len(ORIGINALS) % 2 == 0
        begin = time.monotonic()
        response = load_mutated(server, repository, config, by_file)
        took = time.monotonic() - begin
        told = f"NESO_CONFIG_SEED={case} NESO_CONFIG_CASES=1, by {'file' if by_file else 'request'}:\n{as_text(config)[:3000]}"
        assert response.status_code in (200, 400, 500), f"{response.status_code} {response.text} {told}"
        assert took < LONGEST * PATIENCE, f"{took:.2f} s for {told}"
        slowest = max(slowest, (took, case))
        answers[response.status_code] += 1
        if response.status_code == 200:
            assert unload(server, "m").status_code == 200
        if case % 50 == 0:
            assert values(ask(server, "good")) == [1]
    assert values(ask(server, "good")) == [1]
    print(f"{CASES} configurations: {dict(answers)}; the slowest took {slowest[0]:.3f} s (seed {slowest[1]})")
