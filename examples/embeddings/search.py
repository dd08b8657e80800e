#!/usr/bin/env python3
"""Searches the project's documentation by meaning: no word of a question needs to stand in the text that answers it.

    search.py <host:port> [question...]
"""
import pathlib
import re
import sys
import time

import numpy as np
import tritonclient.http as httpclient

ROOT = pathlib.Path(__file__).resolve().parents[2]
TEXTS = 16  # a request
CHARACTERS = 300  # of a section; what it begins with says what it is about
HITS = 3  # of a question that are shown
QUESTIONS = ["Which flags give the server a certificate and a key?",
             "What happens when the process of a Python model crashes?",
             "Can a client pass tensors without copying them through the network?"]


def sections(page):
    """The parts of a page between headings: (heading, text)."""
    title, *parts = re.split(r"^#{1,3} ", page.read_text(), flags=re.MULTILINE)[1:]
    for part in (title, *parts):
        heading, _, text = part.partition("\n")
        if text.strip():
            yield heading, f"{title.splitlines()[0]}: {heading}\n{text}"[:CHARACTERS]


def embed(client, texts):
    rows = []
    for start in range(0, len(texts), TEXTS):
        some = np.array([[text.encode()] for text in texts[start:start + TEXTS]], dtype=object)
        tensor = httpclient.InferInput("text", some.shape, "BYTES")
        tensor.set_data_from_numpy(some)
        rows.append(client.infer("embeddings", [tensor]).as_numpy("embedding"))
    return np.concatenate(rows)


def main(url, *questions):
    found = [(page, *section) for page in sorted(ROOT.glob("docs/*.md")) for section in sections(page)]
    with httpclient.InferenceServerClient(url, network_timeout=600, connection_timeout=600) as client:
        started = time.monotonic()
        index = embed(client, [text for _, _, text in found])
        print(f"{len(found)} sections of the documentation embedded in {time.monotonic() - started:.1f} s")
        for question, vector in zip(questions or QUESTIONS, embed(client, list(questions or QUESTIONS)), strict=True):
            likeness = index @ vector  # all have length one
            print(f"\n{question}")
            for i in np.argsort(-likeness)[:HITS]:
                page, heading, _ = found[i]
                print(f"  {likeness[i]:.2f}  {page.relative_to(ROOT)}: {heading}")


if __name__ == "__main__":
    main(*sys.argv[1:])
