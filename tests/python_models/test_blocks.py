"""The blocks of a worker's region that the server reads from: one that it still reads is given to nobody else."""
import sys

from support.server import ROOT

sys.path.append(str(ROOT / "backends" / "python" / "worker"))
from neso_python_worker.blocks import Blocks  # noqa: E402

END = 1 << 20


def test_a_block_that_is_carved_after_others_were_forgotten_is_known():
    blocks = Blocks(bytearray(END), END)
    small = [blocks.take(100_000, 0) for _ in range(9)]
    blocks.give_back(small)
    busy = blocks.take(300_000, 0)
    assert busy is not None, "there is room once the free ones are forgotten"
    assert blocks.take(900_000, 0) is None, "there is not, and what can be forgotten is"
    others = []
    while (offset := blocks.take(200_000, 0)) is not None:
        others.append(offset)
    assert others
    assert all(offset + 200_000 <= busy or busy + 300_000 <= offset for offset in others)
    blocks.give_back([busy])
    assert blocks.take(300_000, 0) == busy
