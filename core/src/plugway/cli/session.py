"""What the global options say: which gateway the commands are for."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from plugway.errors import ConfigurationError

if TYPE_CHECKING:
    from plugway.cli.client import Client


class Session:
    """Names the gateway that commands work on.

    A gateway at a URL is reached over HTTP, any other one in this process: options on the
    command line win over the environment, and there a URL wins over a home directory.

    Attributes:
        home: The home directory.
        home_given: It was said on the command line.
        url: Address of a gateway; empty: the one in the home directory.
        admin_key: An administrator's or operator's key for that address.
    """

    def __init__(self) -> None:
        self.home = Path.home() / ".plugway"
        self.url = ""
        self.admin_key = ""
        self.home_given = False
        self._url_given = False

    def choose_home(self, home: Path, *, given: bool) -> None:
        """Work on a home directory.

        Args:
            home: The directory.
            given: It was said on the command line, and so wins over a URL that was not.
        """
        self.home = home.expanduser().absolute()
        if given:
            self.home_given = True
            self.url = self.url if self._url_given else ""

    def choose_url(self, url: str, *, given: bool) -> None:
        """Work on the gateway at an address.

        Args:
            url: The address.
            given: It was said on the command line.
        """
        if given or not (self._url_given or self.home_given):
            self.url = url
            self._url_given = given

    def connect(self) -> Client:
        """Return a client; use it in a `with` block.

        Raises:
            ConfigurationError: There is no gateway to work on.
        """
        if self.url:
            if not self.admin_key:
                raise ConfigurationError(
                    "a gateway at a URL takes a key: --admin-key or PLUGWAY_ADMIN_KEY"
                )
            from plugway.cli.remote import RemoteClient

            return RemoteClient(self.url, self.admin_key)
        from plugway.cli.local import LocalClient

        self.check_home()
        return LocalClient(self.home)

    def check_home(self) -> None:
        """Check that there is a home directory.

        Raises:
            ConfigurationError: There is none.
        """
        if self._url_given:
            raise ConfigurationError("this command works on a home directory only; omit --url")
        if not self.home.is_dir():
            raise ConfigurationError(f"there is no gateway in {self.home}: run `plugway init`")
