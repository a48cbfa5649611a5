"""Plugins' kinds of secrets, called so that their failures say nothing of the secret.

An exception that nobody foresaw likes to repeat what it choked on, such as
`invalid literal for int(): '…'`: its type and place are told, its text and traceback are not.
"""

from __future__ import annotations

import logging
from pathlib import Path
from traceback import extract_tb
from typing import TYPE_CHECKING

from plugway.errors import BadRequest, PlugwayError, UpstreamError

if TYPE_CHECKING:
    from plugway.contract import Channel, CredentialKind, Grant, Secret
    from plugway.upstream import Upstream

log = logging.getLogger(__name__)


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
