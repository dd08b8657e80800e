"""Changes of files that are Protocol Buffers, by their structure and without knowing their messages: a number, a text or a part is
another one, is gone, or is there twice, and all lengths fit. What is changed so gets past the parser.

    changed = mutated(content, random.Random(seed))
"""
import copy

NUMBERS = (0, 1, 2, 3, 7, 9, 20, 127, 255, 65536, 2**31 - 1, 2**31, 2**40, 2**63 - 1, 2**63, 2**64 - 1)
VARINT, FIXED64, BYTES, FIXED32 = 0, 1, 2, 5


def read_varint(content, at):
    value = shift = 0
    while True:
        byte = content[at]
        at += 1
        value |= (byte & 127) << shift
        shift += 7
        if byte < 128:
            return value, at
        if shift > 63:
            raise ValueError


def written_varint(value):
    written = bytearray()
    while value > 127:
        written.append(value & 127 | 128)
        value >>= 7
    return bytes(written) + bytes([value])


def parsed(content):
    """Fields as lists [number, wire type, value], where a value is a number, bytes, or a list of fields."""
    fields, at = [], 0
    while at < len(content):
        tag, at = read_varint(content, at)
        number, wire = tag >> 3, tag & 7
        if number == 0 or wire not in (VARINT, FIXED64, BYTES, FIXED32):
            raise ValueError
        if wire == VARINT:
            value, at = read_varint(content, at)
        else:
            size = {FIXED64: 8, FIXED32: 4}.get(wire)
            if size is None:
                size, at = read_varint(content, at)
            value, at = content[at:at + size], at + size
            if at > len(content):
                raise ValueError
        fields.append([number, wire, as_message(value) if wire == BYTES else value])
    return fields


def as_message(content):
    """A text may look like a message, now and then: it is changed as one then."""
    try:
        return parsed(content) if len(content) > 1 else content
    except (ValueError, IndexError):
        return content


def written(fields):
    content = b""
    for number, wire, value in fields:
        content += written_varint(number << 3 | wire)
        if wire == VARINT:
            content += written_varint(value)
        else:
            value = written(value) if isinstance(value, list) else value
            content += (written_varint(len(value)) if wire == BYTES else b"") + value
    return content


def all_places(fields, places):
    for index, (_, _, value) in enumerate(fields):
        places.append((fields, index))
        if isinstance(value, list):
            all_places(value, places)
    return places


def change(places, choose):
    fields, index = choose.choice(places)
    if index >= len(fields):
        return  # an earlier change has taken it
    number, wire, value = fields[index]
    action = choose.random()
    if action < 0.15:
        del fields[index]
    elif action < 0.3:
        fields.insert(index, [number, wire, copy.deepcopy(value)])
    elif wire == VARINT:
        fields[index][2] = choose.choice(NUMBERS)
    else:
        others, other = choose.choice(places)
        if other < len(others) and others[other][1] == wire:
            fields[index][2] = copy.deepcopy(others[other][2])  # which may be what this field is a part of
        elif isinstance(value, bytes) and value:
            at = choose.randrange(len(value))
            fields[index][2] = value[:at] + bytes([value[at] ^ 1 << choose.randrange(8)]) + value[at + 1:]


def mutated(content, choose):
    fields = parsed(content)
    places = all_places(fields, [])
    for _ in range(choose.choice([1, 1, 1, 2, 3])):
        change(places, choose)
    return written(fields)
