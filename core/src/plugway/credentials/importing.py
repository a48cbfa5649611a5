"""Many credentials at once: from files, and into files."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal

import msgspec

from plugway.contract import CredentialKind
from plugway.credentials import kinds, store
from plugway.errors import BadRequest, Conflict

if TYPE_CHECKING:
    from plugway.clock import Clock
    from plugway.credentials.vault import Vault
    from plugway.storage.database import Database

#: Secrets that are saved in one transaction: short enough that nobody waits for it.
BATCH = 50


class Line(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Is a line of an export file; `repr` shows no secret.

    Attributes:
        label: Whose account it is, for people; an import asks the secret itself.
        secret: In the form of its kind.
    """

    label: str | None
    secret: str

    def __repr__(self) -> str:
        return f"Line({self.label!r})"


class Imported(msgspec.Struct, frozen=True, kw_only=True):
    """Tells what became of one secret of a file.

    Attributes:
        number: Its place in the file, from 1.
        outcome: `added`, `updated`, `unchanged`, or `refused`.
        id: The credential's; null: it was refused.
        label: Whose account it is, where that is known.
        masked: Both ends of the secret; empty: it was refused.
        reason: Why it was refused.
    """

    number: int
    outcome: Literal["added", "updated", "unchanged", "refused"]
    id: int | None = None
    label: str | None = None
    masked: str = ""
    reason: str | None = None


def texts(kind: CredentialKind, text: str) -> list[str]:
    """Take a file apart into secrets: an export of one line a secret, or as its kind says.

    Args:
        kind: Whose form applies.
        text: The file.

    Raises:
        BadRequest: It holds none, too many, or is none of this kind.

    Example:
        >>> from plugway import BearerKey
        >>> texts(BearerKey("shop"), '{"label": null, "secret": "sk-1"}')
        ['sk-1']
        >>> texts(BearerKey("shop"), "sk-1")
        ['sk-1']
    """
    try:
        lines = [msgspec.json.decode(line, type=Line) for line in text.split("\n") if line.strip()]
    except (msgspec.DecodeError, UnicodeEncodeError, RecursionError):
        return kinds.split(kind, text)
    found = [one for line in lines for one in kinds.split(kind, line.secret)]
    if not 0 < len(found) <= kinds.MAX_SECRETS:
        raise BadRequest(f"text: from 1 to {kinds.MAX_SECRETS} secrets, please", field="text")
    return found


async def save_all(
    database: Database,
    vault: Vault,
    kind: CredentialKind,
    channel_id: int,
    secrets: Sequence[str],
    clock: Clock,
    *,
    first: int = 1,
) -> list[Imported]:
    """Save secrets of a channel, those that can be; one that cannot stops no other.

    Args:
        database: Where to; called in a transaction all are saved or none, else each alone.
        vault: Seals them.
        kind: Checks their form.
        channel_id: Whose they are.
        secrets: As `texts` returned them.
        clock: The time.
        first: Number of the first one.
    """
    found = []
    for number, text in enumerate(secrets, start=first):
        try:
            saved = await store.save(database, vault, kind, channel_id, text, clock)
        except (BadRequest, Conflict) as error:
            found.append(Imported(number=number, outcome="refused", reason=error.message))
            continue
        found.append(
            Imported(
                number=number,
                outcome=saved.outcome,
                id=saved.row.id,
                label=saved.row.label,
                masked=saved.row.masked,
            )
        )
    return found
