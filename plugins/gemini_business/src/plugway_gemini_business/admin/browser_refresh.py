"""`POST /admin/config/browser-refresh`, which tells what is so: the settings file decides it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from plugway import AdminRoute, Conflict
from plugway_gemini_business.provider import ACCOUNT

if TYPE_CHECKING:
    from plugway import AdminAsk, Gateway


class BrowserRefreshChange(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Says what is wanted.

    Attributes:
        enable: Accounts are renewed.
        headless: No window opens for it.
    """

    enable: bool
    headless: bool = True


class BrowserRefreshState(msgspec.Struct, frozen=True, kw_only=True):
    """Tells what is so.

    Attributes:
        message: For people.
        enable: Accounts are renewed, by this gateway or its workers.
        headless: No window opens for it.
    """

    message: str
    enable: bool
    headless: bool


class BrowserRefresh:
    """Answers whether accounts are renewed by a browser."""

    def __init__(self, gateway: Gateway) -> None:
        """Take the gateway.

        Args:
            gateway: Knows who renews.
        """
        self._gateway = gateway

    def routes(self) -> list[AdminRoute]:
        """Return the routes."""
        return [
            AdminRoute(
                "POST /admin/config/browser-refresh",
                self.change,
                "Whether accounts are renewed",
                BrowserRefreshChange,
                BrowserRefreshState,
                role="admin",
            )
        ]

    async def change(self, ask: AdminAsk, wanted: BrowserRefreshChange) -> BrowserRefreshState:
        """Confirm what is so already.

        Raises:
            Conflict: It is otherwise, and cannot be changed here.
        """
        renewed = self._gateway.registry.credential_kinds[ACCOUNT].renews
        if not wanted.headless:
            raise Conflict(
                "renewals open no window; a person signs in with `plugway gemini-business login`",
                field="headless",
            )
        if wanted.enable != renewed:
            value = "auto" if wanted.enable else "off"
            raise Conflict(
                "that takes a restart: set plugins.gemini_business.renewal to "
                f'"{value}" in the settings'
                + (", and install the extra `browser`" if wanted.enable else ""),
                field="enable",
            )
        message = "accounts are renewed" if renewed else "accounts are not renewed"
        return BrowserRefreshState(message=message, enable=renewed, headless=True)
