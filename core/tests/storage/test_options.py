from __future__ import annotations

import ssl

import pytest

from plugway.errors import ConfigurationError
from plugway.storage.options import read_options, tls
from plugway.storage.url import DatabaseURL


@pytest.mark.parametrize(
    ("dialect", "query", "expected"),
    [
        ("postgres", "sslmode=verify-full", "verify-full"),
        ("postgres", "ssl=true", "verify-full"),
        ("mysql", "tls=skip-verify", "require"),
        ("mysql", "ssl-mode=VERIFY_CA", "verify-ca"),
        ("mysql", "tls=false", "disable"),
    ],
)
def test_each_clients_words_for_tls(dialect: str, query: str, expected: str) -> None:
    assert read_options(dialect, query) == {"ssl": expected}


@pytest.mark.parametrize(
    ("dialect", "query"),
    [
        ("mysql", "tls=preferred"),
        ("postgres", "sslmode=maybe"),
        ("sqlite", "synchronous=off"),
        ("sqlite", "busy_timeout=1;DROP TABLE x"),
        ("sqlite", "journal_mode=DELETE"),
        ("postgres", "connect_timeout=soon"),
        ("postgres", "busy_timeout=5"),
    ],
)
def test_other_options_are_refused(dialect: str, query: str) -> None:
    with pytest.raises(ConfigurationError):
        read_options(dialect, query)


def test_tls_modes_check_what_they_say() -> None:
    full, authority, any_ = (tls({"ssl": mode}) for mode in ("verify-full", "verify-ca", "require"))

    assert isinstance(full, ssl.SSLContext)
    assert isinstance(authority, ssl.SSLContext)
    assert isinstance(any_, ssl.SSLContext)
    assert (full.check_hostname, full.verify_mode) == (True, ssl.CERT_REQUIRED)
    assert (authority.check_hostname, authority.verify_mode) == (False, ssl.CERT_REQUIRED)
    assert (any_.check_hostname, any_.verify_mode) == (False, ssl.CERT_NONE)
    assert tls({"ssl": "disable"}) is False
    assert tls({}) is None


def test_a_missing_certificate_is_said() -> None:
    with pytest.raises(ConfigurationError, match="ssl_ca cannot be read: No such file"):
        tls({"ssl": "verify-full", "ssl_ca": "/nowhere/ca.pem"})


def test_options_reach_the_driver() -> None:
    url = DatabaseURL.parse(
        "postgres://u@db/d?connect_timeout=3&application_name=gate&statement_cache_size=0"
    )

    arguments = url.arguments()

    assert arguments["timeout"] == 3.0
    assert arguments["server_settings"] == {"application_name": "gate"}
    assert arguments["statement_cache_size"] == 0
    assert DatabaseURL.parse("u@tcp(db)/d?timeout=7s").arguments()["connect_timeout"] == 7.0
