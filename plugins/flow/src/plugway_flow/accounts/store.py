"""Rows of accounts: what one node has learnt, others and the next start know."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, cast

from tortoise.exceptions import IntegrityError

from plugway_flow.account import Account
from plugway_flow.accounts.tables import FlowAccount

if TYPE_CHECKING:
    from plugway import Gateway
    from plugway_flow.recipe import Tier


class Look(NamedTuple):
    """Tells when a session was looked at.

    Attributes:
        at: Microseconds since 1970.
        digest: Of the session as it was then.
    """

    at: int
    digest: str


class AccountStore:
    """Reads and writes what is kept of accounts."""

    def __init__(self, gateway: Gateway) -> None:
        """Prepare.

        Args:
            gateway: Has the database.
        """
        self._gateway = gateway

    async def all(self) -> list[Account]:
        """Return every account that something is known of.

        Raises:
            Unavailable: The database is away.
        """
        rows = await self._gateway.database.run(lambda: FlowAccount.all().order_by("credential_id"))
        return [_account(row) for row in rows]

    async def get(self, credential_id: int) -> Account | None:
        """Return one account; None: nothing is known of it.

        Args:
            credential_id: Its credential.

        Raises:
            Unavailable: The database is away.
        """
        row = await self._gateway.database.run(
            lambda: FlowAccount.get_or_none(credential_id=credential_id)
        )
        return None if row is None else _account(row)

    async def looks(self) -> dict[int, Look]:
        """Return when each session was looked at, by credential.

        Raises:
            Unavailable: The database is away.
        """

        async def work() -> list[Any]:
            return list(await FlowAccount.all().values_list("credential_id", "looked_at", "digest"))

        return {id_: Look(at, digest) for id_, at, digest in await self._gateway.database.run(work)}

    async def write(self, credential_id: int, **values: Any) -> None:
        """Write these columns, of an account that has a row or has none yet.

        Args:
            credential_id: Its credential.
            values: By column.

        Raises:
            Unavailable: The database is away.
        """

        async def work() -> None:
            its = FlowAccount.filter(credential_id=credential_id)
            if await its.exists():
                await its.update(**values)
                return
            try:
                await FlowAccount.create(credential_id=credential_id, **values)
            except IntegrityError:
                # Another node was quicker.
                await its.update(**values)

        await self._gateway.database.run(work)

    async def set_project(self, credential_id: int, before: str, project_id: str) -> str:
        """Put a project in the place of another one, or of none.

        Args:
            credential_id: Whose.
            before: What is known to be there; something else is another node's, and stays.
            project_id: The new one; empty: none.

        Returns:
            The project that the account has now.

        Raises:
            Unavailable: The database is away.
        """

        async def work() -> str:
            its = FlowAccount.filter(credential_id=credential_id)
            if not await its.exists():
                try:
                    await FlowAccount.create(credential_id=credential_id, project_id=project_id)
                except IntegrityError:
                    pass
                else:
                    return project_id
            await its.filter(project_id=before).update(project_id=project_id)
            row = await its.get()
            return row.project_id

        return await self._gateway.database.run(work)


def _account(row: FlowAccount) -> Account:
    return Account(
        credential_id=row.credential_id,
        email=row.email,
        tier=cast("Tier", row.tier),
        credits=row.credits,
        project_id=row.project_id,
        checked_at=row.checked_at,
    )
