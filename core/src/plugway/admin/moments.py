"""Times as the admin API shows and takes them: RFC 3339, where the database keeps integers."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Annotated

import msgspec

#: A time with its zone.
Moment = Annotated[datetime, msgspec.Meta(tz=True)]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def moment(micros: int) -> datetime:
    """Return the time of a number of microseconds since 1970.

    Example:
        >>> moment(1_500_000).isoformat()
        '1970-01-01T00:00:01.500000+00:00'
    """
    return _EPOCH + timedelta(microseconds=micros)


def moment_or_none(micros: int | None) -> datetime | None:
    """Return the time, where there is one."""
    return None if micros is None else moment(micros)


def micros(time: datetime) -> int:
    """Return the microseconds since 1970 of a time.

    Example:
        >>> micros(moment(1_500_000))
        1500000
    """
    return (time - _EPOCH) // timedelta(microseconds=1)


def micros_or_none(time: datetime | None) -> int | None:
    """Return the microseconds since 1970, where there is a time."""
    return None if time is None else micros(time)
