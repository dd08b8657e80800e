"""Server reflection with the stock client: a caller that knows no message finds out all it needs."""
import grpc
import numpy as np
import pytest
from google.protobuf import descriptor_pool, message_factory
from grpc_reflection.v1alpha import reflection_pb2
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import ProtoReflectionDescriptorDatabase
from support.server import PATIENCE
from tritonclient.grpc import service_pb2

SERVICES = ["inference.GRPCInferenceService", "grpc.health.v1.Health", "grpc.reflection.v1.ServerReflection",
            "grpc.reflection.v1alpha.ServerReflection"]
VERSIONS = ["v1", "v1alpha"]


@pytest.fixture(scope="module")
def channel(module_repository, start_module_server):
    module_repository.add_identity("m")
    server = start_module_server(module_repository.path)
    with grpc.insecure_channel(server.grpc) as channel:
        yield channel


@pytest.fixture
def pool(channel):
    """Descriptors as the server tells them."""
    return descriptor_pool.DescriptorPool(ProtoReflectionDescriptorDatabase(channel))


def ask(channel, version, *questions):
    """Answers to messages sent as bytes, in one stream."""
    call = channel.stream_stream(f"/grpc.reflection.{version}.ServerReflection/ServerReflectionInfo")
    return [reflection_pb2.ServerReflectionResponse.FromString(answer)
            for answer in call(iter(questions), timeout=20 * PATIENCE)]


def question(**fields):
    return reflection_pb2.ServerReflectionRequest(**fields).SerializeToString()


def test_services_are_listed(channel):
    assert list(ProtoReflectionDescriptorDatabase(channel).get_services()) == SERVICES


@pytest.mark.parametrize("version", VERSIONS)
def test_both_versions_answer_every_question_in_its_order(channel, version):
    answers = ask(channel, version, question(list_services=""), question(host="h", file_by_filename="health.proto"),
                  question(file_containing_symbol="inference.ModelInferRequest.InferInputTensor"), question())
    assert [service.name for service in answers[0].list_services_response.service] == SERVICES
    assert answers[1].valid_host == "h"
    assert answers[1].original_request.file_by_filename == "health.proto"
    assert len(answers[1].file_descriptor_response.file_descriptor_proto) == 1
    assert len(answers[2].file_descriptor_response.file_descriptor_proto) == 2
    assert answers[3].error_response.error_code == grpc.StatusCode.INVALID_ARGUMENT.value[0]


@pytest.mark.parametrize("service", SERVICES)
def test_each_service_can_be_described(pool, service):
    described = pool.FindServiceByName(service)
    assert described.full_name == service
    assert described.methods
    for method in described.methods:
        assert pool.FindMessageTypeByName(method.input_type.full_name) is method.input_type


def test_messages_are_those_of_the_stock_client(pool):
    service = pool.FindServiceByName("inference.GRPCInferenceService")
    stock = service_pb2.DESCRIPTOR.services_by_name["GRPCInferenceService"]
    assert {method.name for method in service.methods} == {method.name for method in stock.methods}
    for method in stock.methods:
        told = service.methods_by_name[method.name]
        assert (told.client_streaming, told.server_streaming) == (method.client_streaming, method.server_streaming)
        for mine, theirs in ((told.input_type, method.input_type), (told.output_type, method.output_type)):
            assert {(field.name, field.number, field.type) for field in mine.fields} == {
                (field.name, field.number, field.type) for field in theirs.fields}, theirs.full_name


def test_a_call_can_be_made_of_what_was_learned(channel, pool):
    method = pool.FindServiceByName("inference.GRPCInferenceService").methods_by_name["ModelInfer"]
    Request = message_factory.GetMessageClass(method.input_type)
    Response = message_factory.GetMessageClass(method.output_type)
    request = Request(model_name="m", id="7", raw_input_contents=[np.float32([1, 2]).tobytes()])
    request.inputs.add(name="INPUT0", datatype="FP32", shape=[1, 2])
    call = channel.unary_unary(f"/{method.containing_service.full_name}/{method.name}",
                               request_serializer=Request.SerializeToString, response_deserializer=Response.FromString)
    response = call(request, timeout=20 * PATIENCE)
    assert response.id == "7"
    assert np.frombuffer(response.raw_output_contents[0], np.float32).tolist() == [1, 2]


def test_the_configuration_s_file_comes_with_those_that_import_it(pool):
    assert pool.FindFileByName("grpc_service.proto").dependencies[0].name == "model_config.proto"
    assert "max_batch_size" in pool.FindMessageTypeByName("inference.ModelConfig").fields_by_name


def test_messages_have_no_extensions(channel):
    answers = ask(channel, "v1", question(all_extension_numbers_of_type="inference.ModelInferRequest"),
                  question(all_extension_numbers_of_type="inference.Nothing"),
                  question(file_containing_extension={"containing_type": "inference.ModelInferRequest",
                                                      "extension_number": 1}))
    assert answers[0].all_extension_numbers_response.base_type_name == "inference.ModelInferRequest"
    assert list(answers[0].all_extension_numbers_response.extension_number) == []
    assert [answer.error_response.error_code for answer in answers[1:]] == [grpc.StatusCode.NOT_FOUND.value[0]] * 2


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("unknown", [{"file_by_filename": "none.proto"}, {"file_containing_symbol": "inference.Nothing"},
                                     {"file_containing_symbol": ""}, {"file_containing_symbol": "x" * 100_000},
                                     # In the process, but nothing that a client has to know.
                                     {"file_by_filename": "google/protobuf/descriptor.proto"},
                                     {"file_containing_symbol": "google.protobuf.FileDescriptorProto"}])
def test_what_is_not_there_is_not_found_and_the_stream_goes_on(channel, version, unknown):
    answers = ask(channel, version, question(**unknown), question(list_services=""))
    assert answers[0].error_response.error_code == grpc.StatusCode.NOT_FOUND.value[0]
    assert answers[1].HasField("list_services_response")


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("bytes_", [b"\xff", b"\x1a\x05abc", b"\x1a\x02\xff\xfe"], ids=["tag", "short", "no text"])
def test_what_is_no_question_ends_the_stream_with_a_status(channel, version, bytes_):
    with pytest.raises(grpc.RpcError) as raised:
        ask(channel, version, bytes_, question(list_services=""))
    assert (raised.value.code(), raised.value.details()) == (grpc.StatusCode.INTERNAL, "Unable to parse request")


@pytest.mark.parametrize("path", ["/grpc.reflection.v1.ServerReflection/None", "/grpc.reflection.v2.ServerReflection/X",
                                  "/grpc.health.v1.Health/List"])
def test_other_methods_are_unimplemented(channel, path):
    with pytest.raises(grpc.RpcError) as raised:
        list(channel.stream_stream(path)(iter([b""]), timeout=20 * PATIENCE))
    assert raised.value.code() == grpc.StatusCode.UNIMPLEMENTED


def test_reflection_belongs_to_the_metadata_protocols(repository, start_server):
    repository.add_identity("m")
    server = start_server(repository.path, "--grpc-restricted-protocol=metadata:key=secret")
    with grpc.insecure_channel(server.grpc) as channel:
        with pytest.raises(grpc.RpcError) as raised:
            ask(channel, "v1", question(list_services=""))
        assert raised.value.code() == grpc.StatusCode.UNAVAILABLE
        call = channel.stream_stream("/grpc.reflection.v1.ServerReflection/ServerReflectionInfo")
        assert len(list(call(iter([question(list_services="")]), metadata=[("triton-grpc-protocol-key", "secret")]))) == 1
