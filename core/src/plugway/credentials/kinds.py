"""Plugins' kinds of secrets, called so that their failures say nothing of the secret.

An exception that nobody foresaw likes to repeat what it choked on, such as
`invalid literal for int(): '…'`: its type and place are told, its text and traceback are not.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Iterable
from pathlib import Path
from traceback import extract_tb
from typing import TYPE_CHECKING

from plugway.errors import BadRequest, Conflict, PlugwayError, UpstreamError, UpstreamTimeout

if TYPE_CHECKING:
    from plugway.contract import Channel, CredentialKind, Grant, Secret
    from plugway.upstream import Upstream

log = logging.getLogger(__name__)

#: Characters of a label at the most: a column's width.
MAX_LABEL = 190

#: Secrets that one file may hold.
MAX_SECRETS = 5_000

#: Seconds since 1970 that no secret lives to see: the end of the year 9999.
_END = 253_402_300_799


class CredentialUnusable(UpstreamError):
    """The credential of this channel cannot be used."""

    code = "credential_unusable"
    retryable = True


def parse(kind: CredentialKind, text: str) -> Secret:
    """Check a secret when it is saved.

    Args:
        kind: Whose form applies.
        text: As the operator typed it.

    Raises:
        BadRequest: It cannot be one.
    """
    try:
        return kind.parse(text)
    except PlugwayError:
        raise
    except Exception as error:  # noqa: BLE001  # whatever a plugin raises may hold the secret
        _tell(kind, error)
    raise BadRequest(f"secret: it cannot be read as one of the kind {kind.name}", field="secret")


def label(kind: CredentialKind, secret: Secret) -> str | None:
    """Return whose account a secret opens; None: nobody can tell.

    Args:
        kind: Knows.
        secret: What `parse` returned.

    Raises:
        BadRequest: The kind fails at it, or says what is no label.
    """
    try:
        found = kind.label(secret)
        if not found:
            return None
        if len(found) <= MAX_LABEL and found.isprintable():
            return found
    except PlugwayError:
        raise
    except Exception as error:  # noqa: BLE001  # as above
        _tell(kind, error)
    raise BadRequest("secret: it does not say whose account it is", field="secret")


def expires(kind: CredentialKind, secret: Secret) -> int | None:
    """Return when a secret ends, in microseconds since 1970; None: nobody can tell.

    Args:
        kind: Knows.
        secret: What `parse` returned.
    """
    try:
        found = kind.expires(secret)
        if found is not None and math.isfinite(found) and 0 <= found <= _END:
            return round(found * 1_000_000)
    except Exception as error:  # noqa: BLE001  # as above; the secret may work all the same
        _tell(kind, error)
    return None


def split(kind: CredentialKind, text: str) -> list[str]:
    """Take a file apart into secrets.

    Args:
        kind: Whose form applies.
        text: The file.

    Raises:
        BadRequest: It holds none, too many, or is none of this kind.
    """
    try:
        found = _some(kind.split(text))
    except PlugwayError:
        raise
    except Exception as error:  # noqa: BLE001  # as above
        _tell(kind, error)
    else:
        if found and len(found) <= MAX_SECRETS:
            return found
        number = f"more than {MAX_SECRETS} secrets" if found else "no secret"
        raise BadRequest(f"text: it holds {number}", field="text")
    raise BadRequest(f"text: it cannot be read as secrets of the kind {kind.name}", field="text")


def _some(texts: Iterable[str]) -> list[str]:
    found = []
    for text in texts:
        found.append(text)
        if len(found) > MAX_SECRETS:
            break
    return found


def export(kind: CredentialKind, secret: Secret) -> str:
    """Write a secret for a file.

    Args:
        kind: Whose form applies.
        secret: What `parse` returned.

    Raises:
        Conflict: The kind fails at it.
    """
    try:
        return kind.export(secret)
    except PlugwayError:
        raise
    except Exception as error:  # noqa: BLE001  # as above
        _tell(kind, error)
    raise Conflict(f"it cannot be exported as one of the kind {kind.name}")


async def renew(
    kind: CredentialKind, secret: Secret, channel: Channel, upstream: Upstream
) -> Secret:
    """Get a fresh secret of the same account.

    Args:
        kind: Gets it.
        secret: The one to be replaced.
        channel: The channel it belongs to.
        upstream: For kinds that need no more than HTTP.

    Raises:
        UpstreamError: It could not be got.
    """
    try:
        return await kind.renew(secret, channel, upstream)
    except PlugwayError:
        raise
    except TimeoutError:
        # Not the credential's fault; whoever waits for it set the time.
        late = True
    except Exception as error:  # noqa: BLE001  # as above
        late = False
        _tell(kind, error)
    raise UpstreamTimeout(acted=False) if late else CredentialUnusable(acted=False)


async def mint(kind: CredentialKind, secret: Secret, channel: Channel, upstream: Upstream) -> Grant:
    """Make a grant of a secret.

    Args:
        kind: Makes it.
        secret: What `parse` returned.
        channel: The channel it belongs to.
        upstream: For kinds that must ask the upstream.

    Raises:
        UpstreamError: It could not be made.
    """
    try:
        return await kind.mint(secret, channel, upstream)
    except PlugwayError:
        raise
    except Exception as error:  # noqa: BLE001  # as above
        _tell(kind, error)
    raise CredentialUnusable(acted=False)


async def check(kind: CredentialKind, grant: Grant, channel: Channel, upstream: Upstream) -> None:
    """Ask the upstream, at no cost, whether a grant works.

    Args:
        kind: Made the grant.
        grant: The grant.
        channel: Its channel.
        upstream: Asks.

    Raises:
        UpstreamError: It does not work.
    """
    try:
        return await kind.check(grant, channel, upstream)
    except PlugwayError:
        raise
    except Exception as error:  # noqa: BLE001  # as above
        _tell(kind, error)
    raise CredentialUnusable(acted=False)


def _tell(kind: CredentialKind, error: Exception) -> None:
    place = "an unknown place"
    if frames := extract_tb(error.__traceback__):
        place = f"{Path(frames[-1].filename).name}:{frames[-1].lineno}"
    log.error("credentials of the kind %s failed in %s: %s", kind.name, place, type(error).__name__)
