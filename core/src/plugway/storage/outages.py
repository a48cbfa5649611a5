"""Tells a database that is away from a query that is wrong.

Looks at the codes that errors carry and at the names of packages, because the drivers
are optional.
"""

from __future__ import annotations

import socket
import sqlite3

from tortoise.exceptions import BaseORMException

#: SQLite's result codes: perm, busy, locked, readonly, ioerr, corrupt, full, cantopen,
#: protocol, notadb.
_SQLITE = frozenset({3, 5, 6, 8, 10, 11, 13, 14, 15, 26})
#: SQLSTATE classes of PostgreSQL: connection, login, catalog name, rollback (deadlock),
#: resources, operator's intervention, system error.
_POSTGRES = frozenset({"08", "28", "3D", "40", "53", "57", "58"})
#: What a server says that has become a standby.
_STANDBY = "25006"
#: Numbers of MySQL and MariaDB. From 2000 to 2999 they are the client's own.
_MYSQL = frozenset(
    {
        *(1021, 1037, 1038, 1040, 1041, 1203, 1206, 1226),  # disk, memory, connections, locks
        *(1044, 1045, 1049, 1129, 1130, 1698, 3118, 4151),  # login, no such database
        *(1047, 1053, 1077, 1158, 1159, 1160, 1161, 1927),  # not a node, shutdown, network, killed
        *(1205, 1213, 1290, 1792, 1836),  # lock wait, deadlock, read only
    }
)

_REASONS = {
    "28": "the login was refused",
    1044: "the login was refused",
    1045: "the login was refused",
    1698: "the login was refused",
    3118: "the login was refused",
    4151: "the login was refused",
    "3D": "there is no such database",
    1049: "there is no such database",
    "53": "it has no connection or resource free",
    1040: "it has no connection or resource free",
    1203: "it has no connection or resource free",
    1226: "it has no connection or resource free",
}


def is_outage(error: BaseException) -> bool:
    """Tell whether the database was away or refused service, so that a later try may work."""
    inner = _driver_error(error)
    if isinstance(inner, OSError):
        return True
    if isinstance(inner, sqlite3.Error):
        return getattr(inner, "sqlite_errorcode", 0) & 0xFF in _SQLITE
    match _package(inner), _code(inner):
        case "asyncmy", int(number) if number:
            return number in _MYSQL or 2000 <= number < 3000
        case "asyncmy", _:
            return type(inner).__name__ == "InterfaceError"
        case "asyncpg", str(state):
            return state[:2] in _POSTGRES or state == _STANDBY
        case "asyncpg", _:
            # The connection's own errors; arguments of a wrong type are ValueErrors.
            return not isinstance(inner, ValueError)
        case _:
            return False


def is_deadlock(error: BaseException) -> bool:
    """Tell whether the database rolled the transaction back so that another could go on."""
    return _code(_driver_error(error)) in {"40001", "40P01", 1213}


def describe(error: BaseException) -> str:
    """Say in a few words what is wrong: no address, no name, no password, no values."""
    inner = _driver_error(error)
    code = _code(inner)
    reason = _REASONS.get(code[:2] if isinstance(code, str) else code or 0)
    if reason is not None:
        return reason
    if isinstance(inner, socket.gaierror) or isinstance(inner.__cause__, socket.gaierror):
        return "the host is unknown"
    if isinstance(inner, ConnectionRefusedError) or code == 2003:
        return "the connection was refused"
    if isinstance(inner, TimeoutError):
        return "it did not answer in time"
    if isinstance(inner, sqlite3.Error):
        return str(getattr(inner, "sqlite_errorname", "SQLITE_ERROR"))
    return f"{type(inner).__name__} {code or ''}".strip()


def _driver_error(error: BaseException) -> BaseException:
    """Return the driver's error inside Tortoise's."""
    while isinstance(error, BaseORMException):
        inner = error.args[0] if error.args else None
        if not isinstance(inner, BaseException):
            inner = error.__cause__ or error.__context__
        if inner is None:
            break
        error = inner
    return error


def _package(error: BaseException) -> str:
    return type(error).__module__.partition(".")[0]


def _code(error: BaseException) -> str | int | None:
    """Return PostgreSQL's SQLSTATE, or the error number of MySQL and MariaDB."""
    if _package(error) == "asyncmy":
        number = error.args[0] if error.args else None
        return number if isinstance(number, int) else None
    state = getattr(error, "sqlstate", None)
    return state if isinstance(state, str) else None
