"""`/api/keys`: the keys of the key file, for administrators (reference: "Shapes").

The earlier system showed whole keys to anybody; here they are masked, and it takes the key of an
administrator.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Literal

import msgspec

from plugway import (
    AdminRoute,
    BadRequest,
    ClientError,
    Conflict,
    Mount,
    NotFound,
    Operation,
    admin_mount,
)
from plugway_aistudio.front.body import read_body
from plugway_aistudio.front.refusals import with_detail

if TYPE_CHECKING:
    from plugway import AdminAsk, Gateway
    from plugway_aistudio.keys.syncing import KeySync

PATH = "/api/keys"


class KeyBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Names a key.

    Attributes:
        key: The key; when it is to be deleted also its masked form, where that is one key's only.
    """

    key: str


class ShownKey(msgspec.Struct, frozen=True, kw_only=True):
    """Is a key of the file.

    Attributes:
        value: Masked, such as `sk-ab****ef`; of a short one a quarter is shown.
        status: `Valid`: it lets its user in. `Invalid`: it does not, as when the operator
            disabled it.
    """

    value: str
    status: Literal["Valid", "Invalid"]


class KeyList(msgspec.Struct, frozen=True, kw_only=True):
    """Lists the keys of the file.

    Attributes:
        success: Always true.
        keys: In the order of their lines.
        total_count: How many.
        problems: What is wrong with other lines.
    """

    success: bool = True
    keys: list[ShownKey]
    total_count: int
    problems: list[str]


class KeyChange(msgspec.Struct, frozen=True, kw_only=True):
    """Tells that the file was changed.

    Attributes:
        success: Always true.
        message: For people.
        key_count: Keys of the file.
    """

    success: bool = True
    message: str
    key_count: int


class KeyTest(msgspec.Struct, frozen=True, kw_only=True):
    """Tells whether a key lets somebody in.

    Attributes:
        success: Always true.
        valid: Whether it does, whatever it was added by.
        message: For people.
    """

    success: bool = True
    valid: bool
    message: str


class KeyRoutes:
    """Answers about the keys of the file."""

    def __init__(self, gateway: Gateway, sync: KeySync) -> None:
        """Take what knows the keys.

        Args:
            gateway: Lets their users in.
            sync: Follows the file.
        """
        self._gateway = gateway
        self._sync = sync

    def mounts(self) -> list[Mount]:
        """Return the mounts."""
        role: Literal["admin"] = "admin"
        routes = [
            AdminRoute(f"GET {PATH}", self.show, "List old keys", gives=KeyList, role=role),
            AdminRoute(f"POST {PATH}", self.add, "Add an old key", KeyBody, KeyChange, role=role),
            AdminRoute(f"POST {PATH}/test", self.test, "Test a key", KeyBody, KeyTest, role=role),
            AdminRoute(f"DELETE {PATH}", self.delete, "Delete an old key", role=role),
        ]
        return [self._mount(route) for route in routes]

    def _mount(self, route: AdminRoute) -> Mount:
        mount = admin_mount(self._gateway, route)
        if route.run == self.delete:
            operation = Operation(summary=route.summary, request=KeyBody, response=KeyChange)
            mount = msgspec.structs.replace(mount, operation=operation)
        return msgspec.structs.replace(mount, errors=with_detail)

    async def show(self, ask: AdminAsk) -> KeyList:
        """List the keys."""
        lines = await self._sync.follow()
        keys = [
            ShownKey(value=self._masked(key), status="Valid" if self._lets_in(key) else "Invalid")
            for key in lines.keys
        ]
        return KeyList(keys=keys, total_count=len(keys), problems=list(lines.problems))

    async def add(self, ask: AdminAsk, body: KeyBody) -> KeyChange:
        """Add a key to the file, for the user whose keys those are.

        Raises:
            BadRequest: It is no key, or exists.
            Conflict: The file is not used, or cannot be written.
        """
        self._check_used()
        key = body.key.strip()
        self._gateway.identity.adopted.check(key, "key")
        await self._sync.follow()
        if self._lets_in(key):
            raise BadRequest("key: it exists already", field="key")
        await asyncio.to_thread(self._sync.file.add, key)
        lines = await self._sync.follow()
        await ask.record("key.add", self._subject(), {"key": self._masked(key)})
        message = "The key was added."
        if not self._lets_in(key):
            message = "The key was added, and lets nobody in: it or its user is disabled."
        return KeyChange(message=message, key_count=len(lines.keys))

    async def test(self, ask: AdminAsk, body: KeyBody) -> KeyTest:
        """Say whether a key lets somebody in.

        Raises:
            BadRequest: There is none.
        """
        await self._sync.follow()
        valid = self._lets_in(_given(body))
        return KeyTest(
            valid=valid,
            message="The key is valid." if valid else "The key is not valid.",
        )

    async def delete(self, ask: AdminAsk) -> KeyChange:
        """Take a key out of the file; it opens nothing any more.

        Raises:
            BadRequest: There is none in the body.
            NotFound: It is not in the file.
            Conflict: The file is not used or cannot be written, or a masked form is that of
                several keys.
        """
        key = _given(await read_body(ask.request, KeyBody))
        self._check_used()
        lines = await self._sync.follow()
        if key not in lines.keys:
            meant = [line for line in lines.keys if self._masked(line) == key]
            if len(meant) > 1:
                raise Conflict("key: several look like that; give the whole key", field="key")
            key = meant[0] if meant else key
        if not await asyncio.to_thread(self._sync.file.remove, key):
            raise NotFound(
                f"key: it is not in {self._sync.file.name}; `plugway keys` has the others",
                field="key",
            )
        left = await self._sync.follow()
        await ask.record("key.remove", self._subject(), {"key": self._masked(key)})
        message = "The key was deleted."
        if self._lets_in(key):
            message = "The key is not in the file any more; it was added by other means too."
        return KeyChange(message=message, key_count=len(left.keys))

    def _check_used(self) -> None:
        if not self._sync.user:
            raise Conflict(
                "the key file is not used: plugins.aistudio.key_user names whose its keys are"
            )

    def _subject(self) -> str:
        return f"{self._sync.user}/{self._sync.file.name}"

    def _lets_in(self, key: str) -> bool:
        try:
            self._gateway.identity.identify([(b"x-api-key", key.encode())])
        except ClientError:
            return False
        return True

    def _masked(self, key: str) -> str:
        first, _, last = self._gateway.identity.adopted.masked(key).partition("…")
        return f"{first[:5]}****{last[-2:]}"


def _given(body: KeyBody) -> str:
    key = body.key.strip()
    if not key:
        raise BadRequest("key: it is empty", field="key")
    return key
