"""Rounds that keep the folder of profiles and the channel's credentials the same."""

from __future__ import annotations

import asyncio
import logging
from pathlib import Path
from typing import TYPE_CHECKING

from plugway import BadRequest, Conflict, PlugwayError, Secret, Worker
from plugway_aistudio.profiles.folder import File, Folder, Stamp
from plugway_aistudio.profiles.profile import Profile, read, same, written
from plugway_aistudio.provider import NAME
from plugway_aistudio.settings import AIStudioSettings

if TYPE_CHECKING:
    from plugway import Channel, Gateway

log = logging.getLogger(__name__)

#: Seconds between two looks at the folder.
INTERVAL = 5.0

#: States in which what the gateway has does not work, so that a file is better.
_BAD = ("expired", "quarantined")


class FolderRounds:
    """Takes files in that are new or have changed, and writes renewed cookies back to them.

    Of a file and a credential of the same name that differ, the one that was saved later wins;
    the file does when the upstream does not take the credential.
    """

    def __init__(self, gateway: Gateway, folder: Folder) -> None:
        """Prepare.

        Args:
            gateway: Has the credentials; its parts may come later.
            folder: The folder.
        """
        self._gateway = gateway
        self._folder = folder
        #: By path: the file and the secret that were compared last.
        self._compared: dict[Path, tuple[Stamp | None, Secret | None]] = {}
        #: By credential: its secret, read.
        self._read: dict[int, tuple[Secret, Profile]] = {}
        self._homeless = False

    async def round(self) -> None:
        """Do one round; a file that cannot be taken is named in the log and stops no other."""
        files = await asyncio.to_thread(self._folder.active)
        for path in self._compared.keys() - {file.path for file in files}:
            del self._compared[path]
            log.info(
                "%s is gone: its credential stays in use, until `plugway credentials disable`",
                _shown(path),
            )
        channel = self._channel() if files else None
        if channel is None:
            return
        known = self._known(channel)
        for file in files:
            secret, profile, bad = known.get(file.name, (None, None, False))
            before, self._compared[file.path] = (
                self._compared.get(file.path),
                (file.stamp, secret),
            )
            if before == (file.stamp, secret):
                continue
            if before is not None and before[0] == file.stamp and secret is None:
                log.info(
                    "the credential of %s is removed: its file is not used until it changes, or "
                    "the gateway starts again",
                    _shown(file.path),
                )
                continue
            try:
                await self._compare(file, channel, profile, bad=bad)
            except (BadRequest, Conflict) as error:
                log.error("the profile in %s is left out: %s", _shown(file.path), error.message)
            except OSError as error:
                log.error("renewed cookies are not in %s: %s", _shown(file.path), error.strerror)
            except PlugwayError:
                # The database, say: the file is tried again.
                del self._compared[file.path]
                raise

    async def _compare(
        self, file: File, channel: Channel, known: Profile | None, *, bad: bool
    ) -> None:
        found = await asyncio.to_thread(self._folder.read, file)
        if known is None:
            await self._adopt(channel, found)
            return
        if same(found, known):
            return
        changed = 0.0 if file.stamp is None else file.stamp.changed / 1_000_000_000
        if bad or known.saved_at is None or changed > known.saved_at:
            await self._adopt(channel, found)
            return
        await asyncio.to_thread(self._folder.update, known)
        log.info("the renewed cookies of the profile %s are in its file", known.name)

    async def _adopt(self, channel: Channel, profile: Profile) -> None:
        if not profile.signed_in(self._gateway.clock.now() / 1_000_000):
            raise Conflict("its cookies have ended: sign in again with `plugway aistudio login`")
        outcome = await self._gateway.renewals.adopt(channel, written(profile))
        log.info(
            "the profile %s is a credential of the channel %s: %s",
            profile.name,
            channel.name,
            outcome,
        )

    def _known(self, channel: Channel) -> dict[str, tuple[Secret, Profile, bool]]:
        """Return the channel's credentials by the names of their profiles."""
        found: dict[str, tuple[Secret, Profile, bool]] = {}
        # Made anew each time: of a credential that was removed nothing stays.
        before, self._read = self._read, {}
        for one in self._gateway.credentials.all(channel.id):
            secret, profile = before.get(one.id, (None, None))
            if profile is None or secret is not one.secret:
                profile = read(one.secret)
            self._read[one.id] = one.secret, profile
            found[profile.name] = one.secret, profile, one.state in _BAD
        return found

    def _channel(self) -> Channel | None:
        """Return the channel that the folder is for: the only one, else the one of its name."""
        found = [
            one for one in self._gateway.channels.all() if one.provider == NAME and one.enabled
        ]
        if len(found) > 1:
            found = [one for one in found if one.name == NAME]
        if not found and not self._homeless:
            log.warning(
                "profiles in %s wait for a channel of the provider %s: the only one, or the one "
                "with that name",
                self._folder.path,
                NAME,
            )
        self._homeless = not found
        return found[0] if found else None


def folder_of(home: Path, settings: AIStudioSettings) -> Folder | None:
    """Return the folder that the settings name; None: none is read.

    Args:
        home: The gateway's home directory.
        settings: The plugin's.
    """
    return Folder(home / settings.profiles) if settings.profiles else None


def worker(gateway: Gateway) -> Worker | None:
    """Return what keeps the folder and the credentials the same; None: no folder is read.

    Args:
        gateway: The gateway.
    """
    folder = folder_of(gateway.home, gateway.settings(AIStudioSettings))
    if folder is None:
        return None
    return Worker(
        name="aistudio.profiles", run=FolderRounds(gateway, folder).round, interval=INTERVAL
    )


def _shown(path: Path) -> str:
    """Return a file's name as a log can show it."""
    return "".join(sign if sign.isprintable() else "\ufffd" for sign in path.name)
