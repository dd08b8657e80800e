"""Model configurations that are mutated by their structure: fields get other values, elements come and go.

    mutator = ConfigMutator(seed=7)
    config = mutator.mutate(parse('backend: "identity" ...'))     # a ModelConfig message; print it as text or as JSON
"""
import random

from google.protobuf import json_format, text_format
from google.protobuf.descriptor import FieldDescriptor as Field
from tritonclient.grpc import model_config_pb2

# Names come from a small set, so that they meet each other.
TEXTS = ["", "m", "good", "INPUT0", "OUTPUT0", "identity", "onnxruntime", "ensemble", "cpu", "../x", "../../up", "/etc/passwd",
         "labels.txt", "data", "model.onnx", "no.such", "x" * 300, "ä", "a\0b", "0", "99999999999999999999"]
REALS = [0.0, 1.0, -1.0, 0.5, 3e38, float("inf"), float("nan")]
# Neither what is refused at once nor what is served without effort: sizes between these take the time that they ask for.
NUMBERS = [0, 1, 2, 3, 4, 5, 7, 8, 16, 100, 255, 1000, 4096, 4097, 10_000, 30_000]
BITS = {Field.CPPTYPE_INT32: (-(1 << 31), (1 << 31) - 1), Field.CPPTYPE_INT64: (-(1 << 63), (1 << 63) - 1),
        Field.CPPTYPE_UINT32: (0, (1 << 32) - 1), Field.CPPTYPE_UINT64: (0, (1 << 64) - 1)}


def parse(text):
    return text_format.Parse(text, model_config_pb2.ModelConfig())


def as_text(config):
    return text_format.MessageToString(config)


def as_json(config):
    return json_format.MessageToJson(config, preserving_proto_field_name=True)


class ConfigMutator:
    def __init__(self, seed):
        self.random = random.Random(seed)

    def mutate(self, config):
        changed = type(config)()
        changed.CopyFrom(config)
        for _ in range(self.random.choice([1, 1, 2, 3, 5])):
            self._change(changed)
        return changed

    def _change(self, message):
        fields = message.DESCRIPTOR.fields
        if not fields:
            return
        # What is set already matters more than what is not.
        given = [field for field, _ in message.ListFields()]
        field = self.random.choice(given if given and self.random.random() < 0.6 else fields)
        if field.message_type is not None and field.message_type.GetOptions().map_entry:
            self._change_map(getattr(message, field.name), field)
        elif field.is_repeated:
            self._change_list(getattr(message, field.name), field)
        elif self.random.random() < 0.1:
            message.ClearField(field.name)
        elif field.cpp_type == Field.CPPTYPE_MESSAGE:
            getattr(message, field.name).SetInParent()
            self._change(getattr(message, field.name))
        else:
            setattr(message, field.name, self._value(field))

    def _change_map(self, entries, field):
        key_field, value_field = field.message_type.fields_by_name["key"], field.message_type.fields_by_name["value"]
        key = self.random.choice(list(entries) or [None]) if self.random.random() < 0.7 else None
        key = self._value(key_field) if key is None else key
        if value_field.cpp_type == Field.CPPTYPE_MESSAGE:
            self._change(entries[key])
        elif key in entries and self.random.random() < 0.2:
            del entries[key]
        else:
            entries[key] = self._value(value_field)

    def _change_list(self, elements, field):
        kind = self.random.randrange(5)
        is_message = field.cpp_type == Field.CPPTYPE_MESSAGE
        if kind == 0 and elements:
            del elements[self.random.randrange(len(elements))]
        elif kind == 1 and elements:
            copies = self.random.choice([1, 1, 1, 50])
            source = elements[self.random.randrange(len(elements))]
            elements.extend([source] * copies)
        elif kind > 2 and elements and is_message:
            self._change(elements[self.random.randrange(len(elements))])
        elif is_message:
            self._change(elements.add())
        else:
            elements.append(self._value(field))

    def _value(self, field):
        if field.cpp_type == Field.CPPTYPE_STRING:
            return self.random.choice(TEXTS)
        if field.cpp_type == Field.CPPTYPE_BOOL:
            return self.random.random() < 0.5
        if field.cpp_type in (Field.CPPTYPE_DOUBLE, Field.CPPTYPE_FLOAT):
            return self.random.choice(REALS)
        if field.cpp_type == Field.CPPTYPE_ENUM:
            return self.random.choice([value.number for value in field.enum_type.values] + [99])
        low, high = BITS[field.cpp_type]
        return min(max(self.random.choice([*NUMBERS, low, high, high - 1, -1, -1, -2, 1 << 40, 1 << 62]), low), high)
