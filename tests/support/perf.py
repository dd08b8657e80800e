"""What `neso perf` has told and written."""
import json

QUICK = ("-p", "100", "-s", "1000")  # windows that are short, and stable whatever the machine does meanwhile


def counted(text, what):
    """The first count of that name in the text for people."""
    return int(text.split(f"{what}: ")[1].split()[0])


def latencies(text):
    """Of the loads, in the summary at the end: microseconds."""
    return [float(line.rsplit("latency ", 1)[1].split()[0]) for line in text.splitlines() if line.startswith("Concurrency: ")]


def experiment(path):
    """The only one of an exported profile."""
    [only] = json.loads(path.read_text())["experiments"]
    return only


def exported(path):
    return experiment(path)["requests"]
