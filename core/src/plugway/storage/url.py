"""Database URLs: how an operator names the database."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal
from urllib.parse import quote, unquote, urlencode

import msgspec

from plugway.errors import ConfigurationError
from plugway.storage.options import read_options, tls

Dialect = Literal["sqlite", "postgres", "mysql"]

_SCHEMES: Mapping[str, Dialect] = {
    "sqlite": "sqlite",
    "postgres": "postgres",
    "postgresql": "postgres",
    "asyncpg": "postgres",
    "mysql": "mysql",
    "mariadb": "mysql",
}
_PORTS = {"postgres": 5432, "mysql": 3306}

#: The Go driver's form; the password is raw and reaches to the last @.
_GO = re.compile(
    r"(?:(?P<user>[^:@]*)(?::(?P<password>.*))?@)?"
    r"(?:(?P<net>tcp6?|unix)(?:\((?P<address>[^)]*)\))?)?"
    r"/(?P<database>[^/?]+)(?:\?(?P<query>.*))?",
    re.DOTALL,
)
_ADDRESS = re.compile(r"(?:\[(?P<six>[^\[\]]+)\]|(?P<name>[^:\[\]]*))(?::(?P<port>[0-9]{1,5}))?")


class DatabaseURL(msgspec.Struct, frozen=True, kw_only=True):
    """Names a database, its server and how to log in; its text never shows the password.

    Attributes:
        dialect: `sqlite`, `postgres` or `mysql` (MariaDB too).
        path: File of an SQLite database, absolute.
        host: Server; one that begins with / is a Unix socket, or PostgreSQL's folder of sockets.
        port: Server's port.
        user: Login name.
        password: Login password.
        database: Name of the database on the server.
        options: SQLite: `busy_timeout` (milliseconds), `synchronous`, `cache_size`, `mmap_size`,
            `wal_autocheckpoint`. Servers: `ssl`, `ssl_ca`, `connect_timeout` (seconds), and for
            PostgreSQL `application_name`, `statement_cache_size`.

    Example:
        >>> str(DatabaseURL.parse("mariadb://gate:hunter2@db/plugway"))
        'mysql://gate:***@db:3306/plugway'
    """

    dialect: Dialect
    path: str = ""
    host: str = ""
    port: int = 0
    user: str = ""
    password: str = ""
    database: str = ""
    options: Mapping[str, str] = msgspec.field(default_factory=dict)

    @classmethod
    def parse(cls, text: str, *, home: str | Path = ".") -> DatabaseURL:
        """Read what an operator wrote.

        Args:
            text: `sqlite:///absolute/path`, `sqlite://relative/path`, `postgres://…`,
                `postgresql://…`, `asyncpg://…`, `mysql://…`, `mariadb://…`, the Go driver's
                `user:password@tcp(host:port)/database?…`; `local` or nothing: `plugway.db`.
            home: Folder that relative SQLite paths start from.

        Returns:
            The parts.

        Raises:
            ConfigurationError: A text that is none of these; the message holds no password.
        """
        text = text.strip()
        if text in {"", "local"}:
            text = "sqlite://plugway.db"
        scheme, separator, rest = text.partition("://")
        if not separator or not re.fullmatch(r"[A-Za-z0-9+]+", scheme):
            return _from_go(text)
        dialect = _SCHEMES.get(scheme.lower())
        if dialect is None:
            known = ", ".join(_SCHEMES)
            raise ConfigurationError(f"database: unknown scheme {scheme!r}; there are {known}")
        rest, _, query = rest.partition("?")
        options = read_options(dialect, query)
        if dialect == "sqlite":
            return cls(dialect=dialect, path=_file(unquote(rest), home), options=options)
        # The last @, because passwords hold raw ones in the wild.
        login, _, location = rest.rpartition("@")
        user, _, password = login.partition(":")
        address, _, database = location.partition("/")
        return _server(dialect, address, unquote(user), unquote(password), database, options)

    def __str__(self) -> str:
        return self._render("***" if self.password else "")

    def __repr__(self) -> str:
        return f"DatabaseURL({str(self)!r})"

    def reveal(self) -> str:
        """Write the URL whole, password included, for a driver or another process."""
        text = self._render(quote(self.password, safe=""))
        return f"{text}?{urlencode(self.options)}" if self.options else text

    def _render(self, password: str) -> str:
        if self.dialect == "sqlite":
            return f"sqlite://{quote(self.path)}"
        host = quote(self.host, safe=":")
        host = f"[{host}]" if ":" in host else host
        login = quote(self.user, safe="") + (f":{password}" if password else "")
        login = f"{login}@" if login else ""
        return f"{self.dialect}://{login}{host}:{self.port}/{quote(self.database, safe='')}"

    def arguments(self) -> dict[str, Any]:
        """Return the arguments of `asyncpg.connect` or `asyncmy.connect` for this server.

        Raises:
            ConfigurationError: A certificate file that cannot be read.
        """
        timeout = float(self.options.get("connect_timeout", "10"))
        arguments: dict[str, Any] = {
            "host": self.host,
            "port": self.port,
            "user": self.user,
            "password": self.password,
            "database": self.database,
        }
        if (secured := tls(self.options)) is not None:
            arguments["ssl"] = secured
        if self.dialect == "postgres":
            name = self.options.get("application_name", "plugway")
            arguments |= {"timeout": timeout, "server_settings": {"application_name": name}}
            # None lets the driver look where PostgreSQL's own clients look.
            arguments |= {"user": self.user or None, "password": self.password or None}
            if "statement_cache_size" in self.options:
                arguments["statement_cache_size"] = int(self.options["statement_cache_size"])
            return arguments
        if self.host.startswith("/"):
            arguments["unix_socket"] = self.host
        return arguments | {"connect_timeout": timeout, "charset": "utf8mb4"}

    def pragmas(self) -> dict[str, str]:
        """Return the pragmas that every connection to this SQLite file sets, in order."""
        return {
            "busy_timeout": "5000",
            "journal_mode": "WAL",
            "synchronous": "FULL",
            "foreign_keys": "ON",
            # A journal that is cut to nothing after each checkpoint would have to grow again.
            "journal_size_limit": "67108864",
        } | dict(self.options)


def _file(path: str, home: str | Path) -> str:
    if path == ":memory:":
        raise ConfigurationError("database: use a file; SQLite in memory cannot be shared")
    if not path or path.endswith("/") or "\0" in path:
        raise ConfigurationError("database: sqlite:// needs the path of a file")
    return str(Path(home, path).absolute())


def _from_go(text: str) -> DatabaseURL:
    match = _GO.fullmatch(text)
    if match is None:
        raise ConfigurationError("database: this is no database URL; try sqlite:///path/to/file")
    options = read_options("mysql", match["query"] or "")
    address = match["address"] or ""
    if match["net"] == "unix":
        options["host"], address = address, ""
    user, password = match["user"] or "", match["password"] or ""
    return _server("mysql", address, user, password, match["database"], options)


def _server(
    dialect: Dialect, address: str, user: str, password: str, database: str, options: dict[str, str]
) -> DatabaseURL:
    match = _ADDRESS.fullmatch(address)
    if match is None or int(match["port"] or 0) > 65_535:
        raise ConfigurationError(
            "database: between @ and / there must be host or host:port; "
            "percent-encode what is special in the password"
        )
    if not database:
        raise ConfigurationError("database: the URL names no database after the host")
    host = options.pop("host", "") or match["six"] or unquote(match["name"] or "")
    return DatabaseURL(
        dialect=dialect,
        host=host or "127.0.0.1",
        port=int(match["port"] or 0) or _PORTS[dialect],
        user=user,
        password=password,
        database=unquote(database),
        options=options,
    )
