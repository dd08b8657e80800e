"""The messages of the rings as ../../protocol.h describes them; both are installed together."""
import struct

CONTROL_SIZE = 65536
RING_SLOTS = 256
RING_SIZE = 128 + 32 * RING_SLOTS  # struct NesoRing of ring.h
WORK, REPLIES, ANSWERS = 0, RING_SIZE, 2 * RING_SIZE
REPLIES_STALLED = 3 * RING_SIZE
HEAD, SLOTS = 64, 128  # in a ring

# Kinds of messages.
INITIALIZE, AUTO_COMPLETE, EXECUTE, FINALIZE = 1, 2, 3, 4
REPLY = 10
DONE, EXECUTED, FAILED, SEND, CLOSE, RELEASE, LOG, CALL, IS_READY, PULL = 20, 21, 22, 23, 24, 25, 26, 27, 28, 29
# What a call asks for.
IS_CANCELLED, INFER, CANCEL_INFER, LOAD_MODEL, UNLOAD_MODEL, MODEL_READY, METRIC = 1, 2, 3, 4, 5, 6, 7
# Flags.
HAS_IS_READY = 1
BLOCK_RELEASED = 1
FINAL, NO_RESPONSE = 1, 2
YES, MORE, ERROR_MASK = 0x100, 0x200, 0xFF
READY_YES, READY_NO, READY_NOT_BOOL, READY_RAISED = 0, 1, 2, 3
# Kinds of responses.
RESPONSE, ERROR, LATER, NONE, RESCHEDULED = 0, 1, 2, 3, 4

SLOT = struct.Struct("<IIQQQ")
READER = struct.Struct("<QqII")  # struct NesoReader of ring.c, before its slot
WRITER = struct.Struct("<Qq")  # struct NesoWriter, likewise
U16 = struct.Struct("<H")
U32 = struct.Struct("<I")
TENSOR = struct.Struct("<BBH")
PLACE = struct.Struct("<QQ")
REQUEST = struct.Struct("<QQQQIIIIII")
RESPONSE_HEAD = struct.Struct("<BBHII")
CALL_HEAD = struct.Struct("<QQQqIIIIIIII")
NUMBER = 0xFFFFFFFF  # the sequence's id is no text
NOT_TRACED = 0xFFFFFFFF

INLINE = 0xFFFFFFFFFFFFFFFF  # as a tensor's offset: its bytes follow in the message
OWN_BLOCK = 1 << 63  # added to a tensor's offset: it lies in one of blocks.py

ALIGNMENT = 64


def tensor_type(message, position):
    """What a tensor's record says first: its name, the number of its datatype and its shape; and where the rest begins."""
    number, rank, name_length = TENSOR.unpack_from(message, position)
    position += TENSOR.size
    shape = struct.unpack_from(f"<{rank}q", message, position)
    position += 8 * rank
    name = message[position:position + name_length].decode()
    return name, number, shape, position + name_length


def aligned(size):
    return (size + ALIGNMENT - 1) & -ALIGNMENT
