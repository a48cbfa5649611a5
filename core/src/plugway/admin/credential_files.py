"""Many credentials over HTTP: imported from a file's text, and exported by administrators."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import msgspec

from plugway.admin.credential import CredentialQuery, chosen, kind_of
from plugway.admin.owners import channel_row
from plugway.admin.pages import Page, Text, page
from plugway.admin.route import Route
from plugway.credentials import importing, kinds
from plugway.credentials.credential import open_secret
from plugway.credentials.importing import BATCH, Imported
from plugway.errors import PlugwayError

if TYPE_CHECKING:
    from plugway.admin.ask import Ask
    from plugway.gateway import Gateway
    from plugway.storage.models import CredentialRow

#: Bytes of a request that imports.
MAX_FILE = 16 << 20


class NewFile(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Is a file of secrets to be imported.

    Attributes:
        channel: Name of the channel.
        text: What the file holds: an export of this gateway, or what the channel's plugin reads.
    """

    channel: str
    text: Annotated[str, msgspec.Meta(max_length=MAX_FILE)]


class Import(msgspec.Struct, frozen=True, kw_only=True):
    """Tells what became of a file's secrets.

    Attributes:
        channel: The channel.
        added: How many are new.
        updated: How many replaced an older secret of their account.
        unchanged: How many the channel had already.
        refused: How many cannot be used.
        items: One a secret, in the file's order.
    """

    channel: str
    added: int
    updated: int
    unchanged: int
    refused: int
    items: list[Imported]


class Export(CredentialQuery, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Chooses credentials whose secrets are to be shown.

    Attributes:
        channel: Only this channel's; it must be given.
    """

    channel: Text


class Exported(msgspec.Struct, frozen=True, kw_only=True):
    """Is a credential with its secret; `repr` does not show it.

    Attributes:
        id: Its id.
        label: Whose account it is; null: nobody can tell.
        secret: In the form of its kind, which an import takes; null: it cannot be had.
        reason: Why it cannot.
    """

    id: int
    label: str | None
    secret: str | None
    reason: str | None = None

    def __repr__(self) -> str:
        return f"Exported(id={self.id})"


def routes() -> list[Route]:
    """Return the routes."""
    place = "/api/admin/credentials"
    return [
        Route(
            f"POST {place}/import",
            import_,
            "Import credentials from a file",
            NewFile,
            Import,
            most=MAX_FILE,
        ),
        Route(
            f"POST {place}/export",
            export,
            "Export credentials with secrets",
            Export,
            Page[Exported],
        ),
    ]


async def import_(ask: Ask, file: NewFile) -> Import:
    """Import a file: accounts that the channel has are updated, and one in error stops no other."""
    gateway = ask.gateway
    channel = await gateway.database.run(lambda: channel_row(file.channel))
    kind = kind_of(gateway, channel.provider)
    texts = importing.texts(kind, file.text)
    items: list[Imported] = []
    for start in range(0, len(texts), BATCH):
        batch = texts[start : start + BATCH]

        async def work(batch: list[str] = batch, first: int = start + 1) -> list[Imported]:
            # Asked again: a channel that is gone must not get credentials.
            channel = await channel_row(file.channel)
            return await importing.save_all(
                gateway.database,
                gateway.vault,
                kind,
                channel.id,
                batch,
                gateway.clock,
                first=first,
            )

        detail = {"secrets": len(batch)}
        items += await ask.change("credential.import", file.channel, work, detail)
    outcomes = [one.outcome for one in items]
    return Import(
        channel=file.channel,
        added=outcomes.count("added"),
        updated=outcomes.count("updated"),
        unchanged=outcomes.count("unchanged"),
        refused=outcomes.count("refused"),
        items=items,
    )


async def export(ask: Ask, which: Export) -> Page[Exported]:
    """Show the secrets of a channel: the only route that does."""
    gateway = ask.gateway
    detail: dict[str, Any] = {}

    async def work() -> list[CredentialRow]:
        rows = await chosen(which, gateway.clock.now())
        found = await rows.order_by("id").limit(which.limit + 1)
        # Written with the record of it, which is made in the same transaction, after this.
        detail["credentials"] = min(len(found), which.limit)
        return found

    found = await ask.change("credential.export", which.channel, work, detail)
    places = [row.id for row in found]
    return page([_exported(gateway, row) for row in found], which.limit, places)


def _exported(gateway: Gateway, row: CredentialRow) -> Exported:
    kind = gateway.registry.credential_kinds.get(row.kind)
    try:
        if kind is not None:
            secret = kinds.export(kind, open_secret(gateway.vault, row))
            return Exported(id=row.id, label=row.label, secret=secret)
        reason = f"no plugin knows credentials of the kind {row.kind}"
    except PlugwayError as error:
        reason = error.message
    return Exported(id=row.id, label=row.label, secret=None, reason=reason)
