"""The service's stub for a channel of grpcio, and its servicer for a server of it; both made from its description."""
import importlib

from . import service_pb2

_SERVICE = service_pb2.DESCRIPTOR.services_by_name["GRPCInferenceService"]


def _kind(method):
    return f"{'stream' if method.name == 'ModelStreamInfer' else 'unary'}_{'stream' if method.name == 'ModelStreamInfer' else 'unary'}"


def _type(descriptor):
    return getattr(service_pb2, descriptor.name)


class GRPCInferenceServiceStub:
    def __init__(self, channel):
        for method in _SERVICE.methods:
            setattr(self, method.name, getattr(channel, _kind(method))(
                f"/{_SERVICE.full_name}/{method.name}", request_serializer=_type(method.input_type).SerializeToString,
                response_deserializer=_type(method.output_type).FromString))


class GRPCInferenceServiceServicer:
    """A method that is not overridden raises AttributeError."""


def add_GRPCInferenceServiceServicer_to_server(servicer, server):  # noqa: N802
    grpc = importlib.import_module("grpc")
    handlers = {method.name: getattr(grpc, f"{_kind(method)}_rpc_method_handler")(
        getattr(servicer, method.name), request_deserializer=_type(method.input_type).FromString,
        response_serializer=_type(method.output_type).SerializeToString) for method in _SERVICE.methods if hasattr(servicer, method.name)}
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(_SERVICE.full_name, handlers),))
