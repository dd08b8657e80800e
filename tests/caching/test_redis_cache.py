"""The Redis cache against a real redis-server: shared by servers, gone and back again, and full of nonsense."""
import time

import numpy as np
import pytest
from support.caching import ENABLED, counts, metric_counts, wait_for_hits
from support.clients import infer_at_once
from support.inference import ask, values
from support.python_models import PythonModels, python_on_path
from support.redis import Redis, needs_redis
from support.server import PATIENCE, free_port, run_neso
from support.wait import wait_until

pytestmark = needs_redis


@pytest.fixture
def redis(tmp_path):
    server = Redis(tmp_path).start()
    yield server
    server.stop()


@pytest.fixture
def start(repository, start_server, redis):
    repository.add_identity("m", extra=ENABLED, parameters={"response_parameters": "true"})

    def start(*settings, env=None):
        return start_server(repository.path, *redis.config, *(f"--cache-config=redis,{s}" for s in settings), env=env)
    return start


def test_a_hit_and_what_lies_in_redis(start, redis):
    server = start()
    first, second = ask(server, "m", [1.0, 2.0]), ask(server, "m", [1.0, 2.0])
    assert first.content == second.content and "parameters" in first.json()
    assert counts(server, "m") == (1, 1, 1, 2)
    assert metric_counts(server, "m") == (1, 1)
    (key,) = redis.keys()
    assert redis.ask("TYPE", key) == "hash"
    assert sorted(redis.ask("HKEYS", key).split()) == ["0:b", "0:i", "0:s", "0:t"]
    assert redis.ask("HGET", key, "0:s") == redis.ask("HSTRLEN", key, "0:b")
    assert redis.ask("TTL", key) == "-1"


def test_an_answer_whose_end_is_sent_by_itself(repository, start_server, redis):
    PythonModels(repository).add("apart", """
        def execute(self, requests):
            for request in requests:
                sender = request.get_response_sender()
                sender.send(answer(OUT=values(request)))
                sender.send(flags=pb_utils.TRITONSERVER_RESPONSE_COMPLETE_FINAL)
    """, extra=ENABLED)
    server = start_server(repository.path, *redis.config, env=python_on_path())
    for _ in range(2):
        for number in range(100):
            response = server.infer("apart", {"inputs": [{"name": "IN", "datatype": "FP32", "shape": [1], "data": [number]}]})
            assert values(response) == [number], response.text
    assert counts(server, "apart")[:2] == (100, 100)


def test_servers_share_it_and_it_outlives_them(start, redis):
    one, two = start(), start()
    ask(one, "m")
    ask(two, "m")
    assert counts(one, "m")[:2] == (0, 1) and counts(two, "m")[:2] == (1, 0)
    for server in (one, two):
        server.stop()
    three = start()
    ask(three, "m")
    assert counts(three, "m")[:2] == (1, 0)


def test_entries_with_a_time_to_live_go(start, redis):
    server = start("ttl_seconds=1")
    ask(server, "m")
    assert int(redis.ask("PTTL", redis.keys()[0])) <= 1000
    wait_until(lambda: not redis.keys())
    ask(server, "m")
    assert counts(server, "m")[:2] == (0, 2)


def test_another_database_and_a_password(repository, start_server, tmp_path):
    repository.add_identity("m", extra=ENABLED)
    redis = Redis(tmp_path, "--requirepass", "secret").start()
    try:
        server = start_server(repository.path, *redis.config, "--cache-config=redis,db=3",
                              env={"TRITONCACHE_REDIS_PASSWORD": "secret"})
        for _ in range(2):
            ask(server, "m")
        assert counts(server, "m")[:2] == (1, 1)
        assert redis.ask("--no-auth-warning", "-a", "secret", "-n", "3", "DBSIZE") == "1"
        result = run_neso(f"--model-repository={repository.path}", *redis.config)
        assert result.returncode == 1
        assert "error: creating server: Internal - Failed to initialize RedisCache: NOAUTH" in result.stderr
    finally:
        redis.stop()


@pytest.mark.parametrize("ruin", [
    ["HSET", "{key}", "0:b", "nonsense"],
    ["HSET", "{key}", "0:b", "nonsense", "0:s", "8"],
    ["HSET", "{key}", "0:b", "", "0:s", "0"],
    ["HDEL", "{key}", "0:s"],
    ["HSET", "{key}", "7:b", "x"],
])
def test_nonsense_is_a_miss(start, redis, ruin):
    server = start()
    right = ask(server, "m", [1.0, 2.0]).content
    redis.ask(*(word.format(key=redis.keys()[0]) for word in ruin))
    assert ask(server, "m", [1.0, 2.0]).content == right
    assert counts(server, "m")[0] == 0 and counts(server, "m")[3] == 2
    assert "Failed to look up key [" in server.log


def test_a_key_of_another_kind_is_a_miss(start, redis):
    server = start()
    right = ask(server, "m").content
    (key,) = redis.keys()
    redis.ask("DEL", key)
    redis.ask("SET", key, "text")
    assert ask(server, "m").content == right
    assert counts(server, "m")[0] == 0
    assert "WRONGTYPE" in server.log


def test_a_redis_that_dies_and_comes_back(start, redis):
    server = start()
    ask(server, "m", [1.0])
    redis.stop()
    began = time.monotonic()
    for value in (1.0, 2.0, 3.0):
        assert values(ask(server, "m", [value])) == [value]
    assert time.monotonic() - began < 5 * PATIENCE
    assert counts(server, "m")[0] == 0
    assert f"cannot connect to Redis at 127.0.0.1:{redis.port}" in server.log
    redis.start()
    wait_for_hits(server, [4.0])


def test_a_redis_that_hangs_holds_up_nobody_for_long(start, redis):
    server = start("socket_timeout=200", "pool_size=4")
    ask(server, "m", [1.0])
    redis.hang()
    began = time.monotonic()
    rows = [{"INPUT0": np.array([[value]], dtype=np.float32)} for value in range(100)]
    answers = infer_at_once(server.http, "m", rows, threads=8)
    assert [answer["OUTPUT0"][0, 0] for answer in answers] == list(range(100))
    assert time.monotonic() - began < 20 * PATIENCE
    assert server.get("/v2/health/live").status_code == 200
    assert "Timeout retrieving key: " in server.log
    redis.go_on()
    wait_for_hits(server, [1.0])


def test_a_crowd_gets_right_answers(start):
    server = start("pool_size=3")
    rows = [{"INPUT0": np.full((1, 1 + i % 17), i % 11, dtype=np.float32)} for i in range(500)]
    for asked, answered in zip(rows, infer_at_once(server.http, "m", rows, threads=8), strict=True):
        np.testing.assert_array_equal(asked["INPUT0"], answered["OUTPUT0"])
    assert counts(server, "m")[0] > 0


@pytest.mark.parametrize("settings, message", [
    (["host=127.0.0.1"], "Invalid argument - Failed to initialize RedisCache: expected the settings 'host' and 'port'"),
    (["port=1"], "Invalid argument - Failed to initialize RedisCache: expected the settings 'host' and 'port'"),
    (["host=127.0.0.1", "port=70000"], "Invalid argument - Failed to initialize RedisCache: 'port': expected a number from 1"),
    (["host=127.0.0.1", "port={port}"], "Internal - Failed to initialize RedisCache: cannot connect to Redis at 127.0.0.1:"),
    (["host=127.0.0.1", "port={port}", "tls_enable=true"],
     "Invalid argument - Failed to initialize RedisCache: unknown setting 'tls_enable': expected one of host, port, "),
])
def test_settings_that_make_no_cache(repository, settings, message):
    port = free_port()
    result = run_neso(f"--model-repository={repository.path}",
                      *(f"--cache-config=redis,{setting.format(port=port)}" for setting in settings))
    assert result.returncode == 1
    assert f"error: creating server: {message}" in result.stderr
