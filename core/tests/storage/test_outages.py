from __future__ import annotations

import socket
import sqlite3

import asyncmy.errors
import asyncpg  # type: ignore[import-untyped]  # it ships no types
import pytest
from tortoise.exceptions import DBConnectionError, IntegrityError, OperationalError

from plugway.storage.outages import describe, is_deadlock, is_outage


def sqlite_error(code: int, name: str) -> sqlite3.OperationalError:
    error = sqlite3.OperationalError("some words")
    error.sqlite_errorcode = code
    error.sqlite_errorname = name
    return error


def connecting(inner: Exception) -> DBConnectionError:
    """Fail as Tortoise does on MySQL: the text says who and where."""
    try:
        raise inner
    except Exception:  # noqa: BLE001  # to be the context of the next
        try:
            raise DBConnectionError("Can't connect: {'host': 'db.example', 'user': 'gate'}")
        except DBConnectionError as error:
            return error


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (ConnectionRefusedError(111, "db.example"), "the connection was refused"),
        (socket.gaierror(-2, "db.example"), "the host is unknown"),
        (TimeoutError("db.example"), "it did not answer in time"),
        (OperationalError(sqlite_error(5, "SQLITE_BUSY")), "SQLITE_BUSY"),
        (OperationalError(sqlite_error(2570, "SQLITE_IOERR_READ")), "SQLITE_IOERR_READ"),
        (asyncpg.AdminShutdownError("db.example"), "AdminShutdownError 57P01"),
        (asyncpg.InvalidPasswordError("user gate"), "the login was refused"),
        (asyncpg.InvalidCatalogNameError("gate"), "there is no such database"),
        (asyncpg.TooManyConnectionsError("gate"), "it has no connection or resource free"),
        (asyncpg.InterfaceError("connection is closed"), "InterfaceError"),
        (asyncmy.errors.InterfaceError(0, "Not connected"), "InterfaceError"),
        (OperationalError(asyncmy.errors.OperationalError(2013, "gate")), "OperationalError 2013"),
        (connecting(asyncmy.errors.OperationalError(1045, "gate")), "the login was refused"),
        (connecting(asyncmy.errors.OperationalError(4151, "gate")), "the login was refused"),
        (asyncpg.ReadOnlySQLTransactionError("x"), "ReadOnlySQLTransactionError 25006"),
        (OperationalError(asyncmy.errors.OperationalError(1290, "x")), "OperationalError 1290"),
        (connecting(asyncmy.errors.OperationalError(2003, "gate")), "the connection was refused"),
    ],
)
def test_a_database_that_is_away(error: Exception, words: str) -> None:
    assert is_outage(error)
    assert describe(error) == words


@pytest.mark.parametrize(
    "error",
    [
        LookupError("missing"),
        IntegrityError(sqlite3.IntegrityError("UNIQUE")),
        OperationalError(sqlite_error(1, "SQLITE_ERROR")),
        IntegrityError(asyncpg.UniqueViolationError("x")),
        OperationalError(asyncpg.UndefinedTableError("x")),
        asyncpg.DataError("x"),
        IntegrityError(asyncmy.errors.IntegrityError(1062, "x")),
        OperationalError(asyncmy.errors.ProgrammingError(1064, "x")),
    ],
)
def test_a_query_that_is_wrong(error: Exception) -> None:
    assert not is_outage(error)
    assert not is_deadlock(error)


@pytest.mark.parametrize(
    "error",
    [
        asyncpg.DeadlockDetectedError("x"),
        asyncpg.SerializationError("x"),
        OperationalError(asyncmy.errors.OperationalError(1213, "x")),
    ],
)
def test_a_deadlock(error: Exception) -> None:
    assert is_deadlock(error)
    assert is_outage(error)
