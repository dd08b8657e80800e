"""Files of models that are not as they were written, from a random choice: with_other_bytes(content, random.Random(seed))."""


def with_other_bytes(whole, choose):
    """Some bytes changed, or a part of the file only."""
    content = bytearray(whole)
    for _ in range(choose.choice([1, 1, 2, 4, 16])):
        content[choose.randrange(len(content))] ^= choose.randrange(1, 256)
    return bytes(content[:choose.randrange(len(content))] if choose.random() < 0.1 else content)
