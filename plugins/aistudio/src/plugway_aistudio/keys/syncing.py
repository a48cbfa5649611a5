"""The keys of the key file let in whom they let in before."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import msgspec

from plugway import Conflict, NotFound, PlugwayError, Worker
from plugway_aistudio.keys.key_file import KeyFile, KeyLines
from plugway_aistudio.settings import AIStudioSettings

if TYPE_CHECKING:
    from plugway import Gateway

log = logging.getLogger(__name__)

#: What the gateway's keys of this file are named after.
LISTING = "key file"

#: Seconds between two looks at the file.
SECONDS = 2.0


class KeySync:
    """Brings the gateway's keys in line with the file, while `key_user` names whose they are.

    Keys whose line has gone open nothing any more; keys that were added by other means are left
    alone. A file that is missing or empty has no keys, and so lets nobody in.
    """

    def __init__(self, gateway: Gateway) -> None:
        """Take the gateway.

        Args:
            gateway: Its settings say where the file is, and whose its keys are.
        """
        self._gateway = gateway
        self._seen: tuple[object, ...] | None = None
        self._done: tuple[object, ...] | None = None
        self._problem = ""

    @property
    def user(self) -> str:
        """Return whose keys those of the file are; empty: the file is not read."""
        return self._settings.key_user

    @property
    def file(self) -> KeyFile:
        """Return the file."""
        gateway = self._gateway
        return KeyFile(gateway.home / self._settings.key_file, gateway.identity.adopted.check)

    async def follow(self) -> KeyLines:
        """Bring the keys in line with the file as it is now.

        Returns:
            What it says; among its problems are keys that somebody has by other means.

        Raises:
            Conflict: The file cannot be read, or there is no such user; the keys are as they
                were.
            Unavailable: The database is away.
        """
        adopted, user = self._gateway.identity.adopted, self.user
        if not user:
            gone = await adopted.forget(LISTING)
            if gone:
                log.info("plugins.aistudio.key_user is empty: %d keys of the file are gone", gone)
            return KeyLines()
        file, lines = self.file, KeyLines()

        def read() -> tuple[str, ...]:
            nonlocal lines
            lines = file.read()
            return lines.keys

        try:
            done = await adopted.follow(LISTING, user, read)
        except NotFound:
            raise Conflict(f"plugins.aistudio.key_user: there is no user named {user}") from None
        if done.added or done.removed:
            log.info("%s: %d keys are new, %d are gone", file.name, done.added, done.removed)
        taken = tuple(
            f"line {lines.numbers[at]} has a key that was added by other means" for at in done.taken
        )
        return msgspec.structs.replace(lines, problems=lines.problems + taken)

    async def round(self) -> None:
        """Look whether the file or the user has changed, and follow if so.

        A file that changed since the last look may not have been written to its end, or be about
        to be put back; it is followed once it has been the same for two looks.
        """
        now = (self.user, self._settings.key_file, self.file.signature())
        before, self._seen = self._seen, now
        if now == self._done or (self._done is not None and now != before):
            return
        try:
            lines = await self.follow()
        except PlugwayError as error:
            if error.message != self._problem:
                log.error("the keys of the key file stay as they were: %s", error.message)
            self._problem = error.message
            return
        self._done, self._problem = now, ""
        for problem in lines.problems:
            log.warning("%s: %s", self.file.name, problem)

    def worker(self) -> Worker:
        """Return what does the rounds."""
        return Worker(name="aistudio.keys", run=self.round, interval=SECONDS)

    @property
    def _settings(self) -> AIStudioSettings:
        return self._gateway.settings(AIStudioSettings)
