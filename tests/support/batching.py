"""Which requests were executed together, seen through statistics."""
from support.inference import Crowd, body, pending, statistics, until_executing, values
from support.wait import wait_until


def batches(server, model, requests):
    """Sends them in this order behind one that keeps the instance busy; gives how often which batch size ran for them.
    The model answers what it was given."""
    before = batch_counts(server, model)
    with Crowd() as crowd:
        replies = [crowd.pool.submit(server.infer, model, requests[0])]
        until_executing()
        for i, request in enumerate(requests):
            replies.append(crowd.pool.submit(server.infer, model, request))
            wait_until(lambda i=i: pending(server, model) == i + 1, timeout=5)
        for request, reply in zip([requests[0], *requests], replies, strict=True):
            assert values(reply.result()) == request["inputs"][0]["data"]

    def ran():
        counts = {size: count - before.get(size, 0) for size, count in batch_counts(server, model).items()}
        counts[len_batch(requests[0])] -= 1  # the first
        return {size: count for size, count in counts.items() if count}

    # The last batch is counted when its requests have been answered.
    rows_sent = sum(len_batch(request) for request in requests)
    wait_until(lambda: sum(size * count for size, count in ran().items()) == rows_sent)
    return ran()


def batch_counts(server, model):
    return {entry["batch_size"]: entry["compute_infer"]["count"] for entry in statistics(server, model)["batch_stats"]}


def len_batch(request):
    return request["inputs"][0]["shape"][0]


def rows(count, columns=1, start=0, **kwargs):
    return body(*[[float(start + i)] * columns for i in range(count)], **kwargs)
