"""Certificates that change while the server runs: new connections get them, open ones go on."""
import http.client
import os
import shutil
import ssl

import numpy as np
import pytest
import tritonclient.grpc as grpcclient
from support.certificates import Pair, tls_flags
from support.inference import ask, values
from support.wait import wait_until


@pytest.fixture
def place(tmp_path, pki):
    """Where the server's certificate is, a copy of pki.server's."""
    place = Pair(tmp_path / "tls.crt", tmp_path / "tls.key")
    put(place, pki.server)
    return place


def put(place, pair):
    for target, source in zip(place, pair):
        shutil.copy(source, f"{target}.new")
        os.replace(f"{target}.new", target)


def connect(port, roots):
    connection = http.client.HTTPSConnection("127.0.0.1", port, timeout=20, context=ssl.create_default_context(cafile=roots))
    connection.connect()
    return connection


def is_live(connection):
    connection.request("GET", "/v2/health/live")
    response = connection.getresponse()
    response.read()
    return response.status == 200


def shown_name(port):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    context.set_alpn_protocols(["h2"])
    connection = http.client.HTTPSConnection("127.0.0.1", port, timeout=20, context=context)
    connection.connect()
    text = ssl.DER_cert_to_PEM_cert(connection.sock.getpeercert(binary_form=True))
    connection.close()
    return text


def same_as(pair):
    return pair.certificate.read_text().replace("\n", "")


def test_a_changed_certificate_is_used_and_open_connections_go_on(repository, start_server, pki, place):
    repository.add_identity("identity")
    server = start_server(repository.path, *tls_flags("grpc", place), *tls_flags("http", place),
                          tls={"verify": pki.ours.certificate})
    open_http = connect(server.http_port, pki.ours.certificate)
    assert is_live(open_http)
    array = np.ones((1, 3), dtype=np.float32)
    tensor = grpcclient.InferInput("INPUT0", [1, 3], "FP32")
    tensor.set_data_from_numpy(array)
    with grpcclient.InferenceServerClient(server.grpc, ssl=True, root_certificates=str(pki.ours.certificate)) as open_grpc:
        assert open_grpc.is_server_live()
        assert shown_name(server.http_port).replace("\n", "") == same_as(pki.server)

        put(place, pki.stranger)
        for port in (server.http_port, server.grpc_port):
            wait_until(lambda: shown_name(port).replace("\n", "") == same_as(pki.stranger))
        with pytest.raises(ssl.SSLCertVerificationError):
            connect(server.http_port, pki.ours.certificate)
        assert is_live(connect(server.http_port, pki.theirs.certificate))

        assert is_live(open_http)
        np.testing.assert_array_equal(open_grpc.infer("identity", [tensor]).as_numpy("OUTPUT0"), array)
    assert f"HTTP service: new connections get the changed certificate of '{place.certificate}'" in server.log
    assert f"GRPC service: new connections get the changed certificate of '{place.certificate}'" in server.log
    server.tls["verify"] = pki.theirs.certificate
    assert values(ask(server, "identity")) == [1.0]


def test_a_bad_new_pair_is_logged_and_the_old_one_stays(repository, start_server, pki, place):
    repository.add_identity("identity")
    server = start_server(repository.path, *tls_flags("http", place), tls={"verify": pki.ours.certificate})
    shutil.copy(pki.client.key, place.key)  # it does not belong to the certificate

    def complaints():
        assert is_live(connect(server.http_port, pki.ours.certificate))
        return server.log.count("HTTP service: the changed certificate cannot be used, the one before stays: cannot use "
                                f"'{place.key}' as the key of the server's certificate: key values mismatch")

    assert wait_until(complaints) == 1
    os.unlink(place.certificate)
    wait_until(lambda: complaints() and "No such file or directory" in server.log)
    put(place, pki.server)
    wait_until(lambda: complaints() and "HTTP service: new connections get the changed certificate" in server.log)
    assert complaints() == 1


def test_changed_roots_decide_about_new_clients(repository, start_server, pki, place, tmp_path):
    roots = tmp_path / "roots.crt"
    shutil.copy(pki.ours.certificate, roots)
    repository.add_identity("identity")
    server = start_server(repository.path, *tls_flags("http", place, roots),
                          tls={"verify": pki.ours.certificate, "cert": pki.client})
    context = ssl.create_default_context(cafile=pki.ours.certificate)
    context.load_cert_chain(*pki.client)

    def is_let_in():
        connection = http.client.HTTPSConnection("127.0.0.1", server.http_port, timeout=20, context=context)
        try:
            return is_live(connection)
        except ssl.SSLError as error:
            assert "UNKNOWN_CA" in str(error)
            return False

    assert is_let_in()
    shutil.copy(pki.theirs.certificate, roots)
    wait_until(lambda: not is_let_in())
    shutil.copy(pki.ours.certificate, roots)
    wait_until(is_let_in)
