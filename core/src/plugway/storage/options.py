"""Options of a database URL: what may follow the question mark."""

from __future__ import annotations

import re
import ssl
from collections.abc import Mapping
from urllib.parse import parse_qsl

from plugway.errors import ConfigurationError

#: Other spellings: libpq's, the MySQL client's, the Go driver's.
_ALIASES = {
    "sslmode": "ssl",
    "ssl-mode": "ssl",
    "tls": "ssl",
    "sslrootcert": "ssl_ca",
    "ssl-ca": "ssl_ca",
    "timeout": "connect_timeout",
    "unix_socket": "host",
    "socket": "host",
}
_TEXTS = frozenset({"application_name", "host", "ssl_ca"})
_NUMBERS: Mapping[str, frozenset[str]] = {
    "sqlite": frozenset({"busy_timeout", "cache_size", "mmap_size", "wal_autocheckpoint"}),
    "postgres": frozenset({"connect_timeout", "statement_cache_size"}),
    "mysql": frozenset({"connect_timeout"}),
}
_KNOWN: Mapping[str, frozenset[str]] = {
    "sqlite": _NUMBERS["sqlite"] | {"synchronous"},
    "postgres": _NUMBERS["postgres"] | {"ssl"} | _TEXTS,
    "mysql": _NUMBERS["mysql"] | {"ssl", "host", "ssl_ca"},
}
#: The Go driver's; plugway speaks UTF-8 and keeps times as integers.
_IGNORED = frozenset({"charset", "collation", "parseTime", "loc", "readTimeout", "writeTimeout"})

_SYNCHRONOUS = ("normal", "full", "extra")
_TLS_ALIASES = {
    "false": "disable",
    "disabled": "disable",
    "true": "verify-full",
    "required": "require",
    "skip-verify": "require",
    "verify_ca": "verify-ca",
    "verify_identity": "verify-full",
}
_TLS: Mapping[str, tuple[str, ...]] = {
    "postgres": ("disable", "prefer", "require", "verify-ca", "verify-full"),
    "mysql": ("disable", "require", "verify-ca", "verify-full"),
}


def read_options(dialect: str, query: str) -> dict[str, str]:
    """Read and check the options.

    Args:
        dialect: `sqlite`, `postgres` or `mysql`.
        query: What follows the question mark.

    Returns:
        Options by plugway's own names.

    Raises:
        ConfigurationError: An option that is not known, or a value out of range.
    """
    options: dict[str, str] = {}
    for given, value in parse_qsl(query, keep_blank_values=True):
        if dialect == "mysql" and given in _IGNORED:
            continue
        name = _ALIASES.get(given, given)
        if name not in _KNOWN[dialect]:
            known = ", ".join(sorted(_KNOWN[dialect]))
            raise ConfigurationError(f"database: unknown option {given!r}; there are {known}")
        options[name] = _value(dialect, name, value)
    return options


def _value(dialect: str, name: str, value: str) -> str:
    if name in _TEXTS:
        return value
    if name in _NUMBERS[dialect]:
        if not re.fullmatch(r"-?[0-9]{1,12}", value.removesuffix("s")):
            raise ConfigurationError(f"database: {name} must be a whole number")
        return value.removesuffix("s")
    value = value.lower()
    value, allowed = (
        (_TLS_ALIASES.get(value, value), _TLS[dialect]) if name == "ssl" else (value, _SYNCHRONOUS)
    )
    if value not in allowed:
        raise ConfigurationError(f"database: {name} must be one of {', '.join(allowed)}")
    return value


def tls(options: Mapping[str, str]) -> ssl.SSLContext | str | bool | None:
    """Return what asyncpg and asyncmy take as `ssl`; None: the driver's default.

    Raises:
        ConfigurationError: A certificate file that cannot be read.
    """
    mode = options.get("ssl")
    if mode is None or mode == "prefer":
        return mode
    if mode == "disable":
        return False
    try:
        context = ssl.create_default_context(cafile=options.get("ssl_ca"))
    except OSError as error:
        raise ConfigurationError(f"database: ssl_ca cannot be read: {error.strerror}") from None
    context.check_hostname = mode == "verify-full"
    if mode == "require":
        context.verify_mode = ssl.CERT_NONE
    return context
