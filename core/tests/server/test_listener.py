"""The socket that is listened on."""

from __future__ import annotations

import os
import socket

import pytest

from plugway.errors import ConfigurationError
from plugway.server.carriers import carrier
from plugway.server.listener import adopt, bind, listen, url
from plugway.settings import ServerSettings


def test_refuses_clients_until_it_listens() -> None:
    with bind(ServerSettings(port=0)) as sock:
        address = sock.getsockname()
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(address, 5)
        listen(sock)
        socket.create_connection(address, 5).close()
        assert url(sock, "127.0.0.1") == f"http://127.0.0.1:{address[1]}"
        assert url(sock, "") == f"http://127.0.0.1:{address[1]}"


def test_names_what_is_wrong() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(ConfigurationError, match=f"port {port}: another program listens"):
            bind(ServerSettings(port=port))
    with pytest.raises(ConfigurationError, match="does not have that address"):
        bind(ServerSettings(host="192.0.2.1", port=0))
    with pytest.raises(ConfigurationError, match="not known here"):
        bind(ServerSettings(host="no such host", port=0))


def test_notices_who_took_the_port_meanwhile() -> None:
    with bind(ServerSettings(port=0)) as ours, socket.socket() as theirs:
        theirs.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        theirs.bind(ours.getsockname())
        theirs.listen()
        with pytest.raises(ConfigurationError, match="another program listens"):
            listen(ours)


def test_takes_both_families() -> None:
    with bind(ServerSettings(host="::", port=0)) as sock:
        listen(sock)
        port = sock.getsockname()[1]
        for host in ("127.0.0.1", "::1"):
            socket.create_connection((host, port), 5).close()
        assert url(sock, "::") == f"http://[::]:{port}"


def test_adopts_a_descriptor() -> None:
    with bind(ServerSettings(port=0)) as sock, adopt(os.dup(sock.fileno())) as same:
        assert same.getsockname() == sock.getsockname()
    read, write = os.pipe()
    try:
        with pytest.raises(ConfigurationError, match="not a socket"):
            adopt(read)
    finally:
        os.close(read)
        os.close(write)


@pytest.mark.parametrize(("name", "missing"), [("uvicorn", "httptools"), ("granian", "granian")])
def test_a_missing_server_names_its_extra(
    monkeypatch: pytest.MonkeyPatch, name: str, missing: str
) -> None:
    monkeypatch.setattr(
        "plugway.server.carriers.find_spec", lambda package: None if package == missing else True
    )
    with pytest.raises(ConfigurationError, match=rf"{missing}: pip install 'plugway\[{name}\]'"):
        carrier(name)  # type: ignore[arg-type]  # a parameter is not a literal


def test_an_unknown_server_names_the_known_ones() -> None:
    with pytest.raises(ConfigurationError, match="hypercorn, uvicorn, granian"):
        carrier("gunicorn")  # type: ignore[arg-type]  # which is the point
