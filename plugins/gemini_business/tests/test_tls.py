"""The upstream's certificate is checked (defect t)."""

from __future__ import annotations

import asyncio
import datetime
import ssl
from pathlib import Path

import pytest
from business_gateway import Business
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from plugway_gemini_business.models import BUILTIN

pytestmark = pytest.mark.anyio


def context(folder: Path) -> ssl.SSLContext:
    """Return the context of a server whose certificate nobody vouches for."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    path = folder / "server.pem"
    encoding = serialization.Encoding.PEM
    form, plain = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    path.write_bytes(certificate.public_bytes(encoding) + key.private_bytes(encoding, form, plain))
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    made.load_cert_chain(path)
    return made


async def test_defect_t_an_upstream_that_nobody_vouches_for_gets_no_cookies(
    bare: Business, tmp_path: Path
) -> None:
    heard: list[bytes] = []

    async def listen(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heard.append(await reader.read(1_000))
        writer.close()

    server = await asyncio.start_server(listen, "127.0.0.1", 0, ssl=context(tmp_path))
    async with server:
        port = server.sockets[0].getsockname()[1]
        await bare.server.channel(
            "gemini_business",
            f"https://localhost:{port}",
            secrets=[bare.emulator.account_file("first")],
            settings={"use_cooldown": 0},
            models=sorted(BUILTIN),
        )
        answer = await bare.ask()
    assert answer.status == 502
    assert "certificate" in answer.error
    assert b"".join(heard) == b""
    row = await bare.row("first")
    assert (row.state, row.failures) == ("ready", 0)
