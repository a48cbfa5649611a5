"""Plugins that register what a test gives them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import PlainTextResponse

from plugway import (
    Ask,
    BearerKey,
    Mount,
    Poller,
    Provider,
    TariffRow,
    Task,
    TaskUpdate,
    Worker,
    hookimpl,
)


async def endpoint(request: Request) -> PlainTextResponse:
    return PlainTextResponse("")


async def work() -> None:
    """Do nothing."""


def mount(path: str, methods: str = "GET", **options: Any) -> Mount:
    return Mount(path=path, endpoint=endpoint, methods=set(methods.split()), **options)


def provider(name: str, credential: str | None = None) -> Provider:
    return Provider(name=name, title=name, credential=credential)


def worker(name: str) -> Worker:
    return Worker(name=name, run=work, interval=1)


class Asks(Poller):
    """Asks nobody."""

    def __init__(self, provider: str) -> None:
        self.provider = provider

    async def poll(self, task: Task, ask: Ask) -> TaskUpdate:
        return TaskUpdate(state="processing", answer="{}")

    async def find(self, task: Task, ask: Ask) -> TaskUpdate:
        return TaskUpdate(state="processing", answer="{}")


class Stand:
    """Is an emulator that imports nothing of ours."""

    secret = None
    models: tuple[str, ...] = ()
    settings: Mapping[str, str] = {}  # never changed, as in the simplest plugin
    tour = ()

    def __init__(self, provider: str) -> None:
        self.provider = provider

    async def start(self, host: str = "127.0.0.1", port: int = 0) -> str:
        return ""

    async def stop(self) -> None:
        """Stop."""


class Plugin:
    """Registers what it is given."""

    def __init__(self, **given: Any) -> None:
        self._given = given
        self.gateways: list[object] = []

    def _get(self, kind: str) -> Any:
        return self._given.get(kind, ())

    @hookimpl
    def register_providers(self, gateway: object) -> Any:
        self.gateways.append(gateway)
        return self._get("providers")

    @hookimpl
    def register_credentials(self) -> Any:
        return self._get("credentials")

    @hookimpl
    def register_tariffs(self) -> Any:
        return self._get("tariffs")

    @hookimpl
    def register_routes(self) -> Any:
        return self._get("routes")

    @hookimpl
    def register_workers(self) -> Any:
        return self._get("workers")

    @hookimpl
    def register_pollers(self) -> Any:
        return self._get("pollers")


class WithEmulator(Plugin):
    """Has an emulator too."""

    @hookimpl
    def register_emulator(self) -> Any:
        return self._given["emulator"]


def full(name: str, **more: Any) -> Plugin:
    return WithEmulator(
        **{
            "providers": [provider(name, f"{name}_key")],
            "credentials": [BearerKey(f"{name}_key")],
            "tariffs": [TariffRow(key=name, credits="1")],
            "routes": [mount(f"/{name}")],
            "pollers": [Asks(name)],
            "workers": [worker(f"{name}.work")],
            "emulator": Stand(name),
            **more,
        }
    )
