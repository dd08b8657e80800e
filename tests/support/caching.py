"""What a response cache did, as the statistics and the metrics of a model tell."""
from .inference import ask, statistics
from .wait import wait_until

ENABLED = "response_cache { enable: true }"


def counts(server, model):
    """(hits, misses, executions, successes)"""
    stats = statistics(server, model)
    inference = stats["inference_stats"]
    return (inference["cache_hit"]["count"], inference["cache_miss"]["count"], stats["execution_count"],
            inference["success"]["count"])


def metric_counts(server, model):
    """(hits, misses) of /metrics; None each for a model without them."""
    return tuple(server.metric(f"nv_cache_num_{what}_per_model", model=model) for what in ("hits", "misses"))


def wait_for_hits(server, row, more_than=0):
    """Asks the model m the same until the cache, which was away, has answered."""
    def hits():
        ask(server, "m", row)
        return counts(server, "m")[0] > more_than
    wait_until(hits)
