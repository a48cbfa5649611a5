"""One upstream secret of a channel, as the request path sees it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from plugway.contract import CredentialKind, Secret
from plugway.credentials.rotation import CREDENTIAL_SECRET
from plugway.credentials.states import OUT_OF_USE, CredentialState
from plugway.storage.models import CredentialRow

if TYPE_CHECKING:
    from plugway.credentials.vault import Vault


class Credential(msgspec.Struct, kw_only=True, eq=False):
    """Is one upstream secret of a channel, with its state in this process.

    Attributes:
        id: Database id.
        channel_id: Whose it is.
        kind: How grants are made of it.
        secret: The secret; another secret is another object.
        state: What its row says, as in `plugway.credentials.states`.
        until: Microseconds since 1970 when it may be tried again.
        failures: Refusals in a row.
    """

    id: int
    channel_id: int
    kind: CredentialKind
    secret: Secret
    state: CredentialState = "ready"
    until: int | None = None
    failures: int = 0

    @property
    def key(self) -> str:
        """Return what its requests have in common, for proxies that should stay the same."""
        return f"{self.channel_id}:{self.id}"

    def usable(self, now: int) -> bool:
        """Say whether its state lets it be used: ready, or due for another try.

        Args:
            now: Microseconds since 1970.
        """
        if self.state == "ready":
            return True
        return self.state not in OUT_OF_USE and self.until is not None and now >= self.until


def open_secret(vault: Vault, row: CredentialRow) -> Secret:
    """Return a row's secret.

    Args:
        vault: Opens it.
        row: Has channel, digest and the sealed secret.

    Raises:
        VaultError: No key of the vault opens it.
    """
    place = CREDENTIAL_SECRET.of(CREDENTIAL_SECRET.row(row))
    return Secret(vault.open(row.sealed, **place))
