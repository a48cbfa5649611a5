"""Hooks at start.

Called once for each gateway, inside the lifespan, before anything is served.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from plugway.contract import (
    CredentialKind,
    Emulator,
    Models,
    Mount,
    Poller,
    Provider,
    TariffRow,
    Worker,
)
from plugway.hookspecs.marks import hookspec

if TYPE_CHECKING:
    from plugway.gateway import Gateway


@hookspec
def register_providers(gateway: Gateway) -> Iterable[Provider]:  # type: ignore[empty-body]  # a spec has no body
    """Return the upstreams that channels can point to.

    Called: once for each gateway, at start, before channels are read.
    Results: those of all plugins.
    Order: none.
    Errors: the plugin is left out when this raises, returns anything but providers, a name
        that another plugin has, or a credential kind that no plugin registers.

    Args:
        gateway: The gateway. While hooks run, `settings(type)`, `log` and `clock` can be used;
            the other parts come later.

    Returns:
        Providers.

    Example:
        ```python
        from collections.abc import Iterable

        from plugway import ChannelSettings, Provider, hookimpl


        class EchoChannel(ChannelSettings, frozen=True, kw_only=True):
            price: int = 10


        @hookimpl
        def register_providers() -> Iterable[Provider]:
            return [Provider(name="echo", title="Echo", models=("echo",), settings=EchoChannel)]
        ```
    """


@hookspec
def register_credentials(gateway: Gateway) -> Iterable[CredentialKind]:  # type: ignore[empty-body]  # a spec has no body
    """Return the kinds of secret that channels can hold.

    Called: once for each gateway, at start.
    Results: those of all plugins; a `Provider` names the kind that its channels hold.
    Order: none.
    Errors: the plugin is left out when this raises, returns anything but kinds, or a name
        that another plugin has.

    Args:
        gateway: The gateway. While hooks run, `settings(type)`, `log` and `clock` can be used;
            the other parts come later.

    Returns:
        Kinds; `BearerKey` is one that is often enough.

    Example:
        ```python
        from __future__ import annotations

        from collections.abc import Iterable
        from typing import TYPE_CHECKING

        from plugway import Channel, CredentialKind, Grant, Secret, hookimpl

        if TYPE_CHECKING:
            from plugway import Upstream


        class EchoToken(CredentialKind):
            name = "echo_token"

            async def mint(self, secret: Secret, channel: Channel, upstream: Upstream) -> Grant:
                return Grant((("X-Echo-Token", secret.reveal()),))


        @hookimpl
        def register_credentials() -> Iterable[CredentialKind]:
            return [EchoToken()]
        ```
    """


@hookspec
def register_tariffs(gateway: Gateway) -> Iterable[TariffRow]:  # type: ignore[empty-body]  # a spec has no body
    """Return default prices; the operator's edits win.

    A usage that no row matches is refused with `NoPrice`, never free.

    Called: once for each gateway, at start.
    Results: a plugin's rows price the usage of its own providers.
    Order: none; of several matching rows the most specific one is taken.
    Errors: the plugin is left out when this raises, returns anything but rows, or two rows
        of equal key, unit and dimensions.

    Args:
        gateway: The gateway. While hooks run, `settings(type)`, `log` and `clock` can be used;
            the other parts come later.

    Returns:
        Rows.

    Example:
        ```python
        from collections.abc import Iterable

        from plugway import TariffRow, hookimpl


        @hookimpl
        def register_tariffs() -> Iterable[TariffRow]:
            yield TariffRow(key="echo", credits="10")
            yield TariffRow(key="echo", credits="25", dimensions={"mode": "loud"})
        ```
    """


@hookspec
def register_routes(gateway: Gateway) -> Iterable[Mount]:  # type: ignore[empty-body]  # a spec has no body
    """Return routes to mount.

    A route asks for a key unless it is marked `public`; `plugway plugins` shows which are.

    Called: once for each gateway, at start.
    Results: those of all plugins, in one route table.
    Order: none; the most specific path wins, see `Mount`.
    Errors: the plugin is left out when this raises, returns anything but mounts, a method
        and path that another plugin has, or one that is in the way of the core's own. A
        mount with `fallback` gives way instead.

    Args:
        gateway: The gateway, all of which the endpoints can use. While hooks run, only
            `settings(type)`, `log` and `clock` can be.

    Returns:
        Mounts.

    Example:
        ```python
        from __future__ import annotations

        from collections.abc import Iterable
        from typing import TYPE_CHECKING

        from plugway import Mount, Usage, hookimpl

        if TYPE_CHECKING:
            from starlette.types import ASGIApp

            from plugway import Gateway, Request


        @hookimpl
        def register_routes(gateway: Gateway) -> Iterable[Mount]:
            async def echo(request: Request) -> ASGIApp:
                async with gateway.calls.open(
                    request, provider="echo", model="echo", usage=Usage(key="echo")
                ) as call:
                    answer = await call.forward(request)
                    return await call.relay(answer)

            return [Mount(path="/echo", endpoint=echo, methods={"POST"})]
        ```
    """


@hookspec
def register_models(gateway: Gateway) -> Iterable[Models]:  # type: ignore[empty-body]  # a spec has no body
    """Return who answers chats, or makes images and videos, whatever dialect they come in.

    The core speaks the dialects of OpenAI, Anthropic and Google, holds and charges credits,
    claims a credential, and tries another one where that is safe. A plugin's `ChatModels` turn a
    `ChatRequest` into `ChatEvent`s; its `MediaModels` have an upstream make something, which is
    a task that a chat follows, and need a `Poller` unless they are done at once.

    Called: once for each gateway, at start; the models are listed whenever somebody asks.
    Results: those of all plugins. A model that two plugins list is served by the one that the
        operator names in `chat.owners`, and by none until then.
    Order: none.
    Errors: the plugin is left out when this raises, returns anything but `Models`, or one
        for a provider that nobody registers or that has one already. An answer that raises
        something else than a `PlugwayError` is logged, and the client sees an internal error.

    Args:
        gateway: The gateway, all of which the answers can use. While hooks run, only
            `settings(type)`, `log` and `clock` can be.

    Returns:
        One object for each provider.

    Example:
        ```python
        from __future__ import annotations

        from collections.abc import AsyncGenerator, Iterable
        from typing import TYPE_CHECKING

        from plugway import (
            ChatEvent,
            ChatModel,
            ChatModels,
            ChatRequest,
            Finish,
            Provider,
            TextDelta,
            hookimpl,
        )

        if TYPE_CHECKING:
            from plugway import Turn


        class EchoModels(ChatModels):
            provider = "echo"

            def list(self) -> Iterable[ChatModel]:
                return [ChatModel(id="parrot", title="Parrot")]

            async def answer(
                self, request: ChatRequest, model: ChatModel, turn: Turn
            ) -> AsyncGenerator[ChatEvent, None]:
                answer = await turn.send("POST", "/say", content=request.messages[-1].text.encode())
                if answer.status != 200:
                    raise turn.refusal(answer)
                async for chunk in answer.chunks():
                    yield TextDelta(chunk.decode())
                yield Finish()


        @hookimpl
        def register_providers() -> Iterable[Provider]:
            return [Provider(name="echo", title="Echo", models=("parrot",))]


        @hookimpl
        def register_models() -> Iterable[ChatModels]:
            return [EchoModels()]
        ```
    """


@hookspec
def register_pollers(gateway: Gateway) -> Iterable[Poller]:  # type: ignore[empty-body]  # a spec has no body
    """Return who asks upstreams for tasks.

    A plugin makes tasks with `gateway.tasks.open`; from then on the core decides when to ask,
    and ends a task with its settlement or release in one step.

    Called: once for each gateway, at start; the upstreams are asked when it serves.
    Results: one a provider.
    Order: none.
    Errors: the plugin is left out when this raises, returns anything but pollers, or one for a
        provider that nobody registers or that has one already. A poll that raises something
        else than an `UpstreamError` is logged and counted as a failed one.

    Args:
        gateway: The gateway, all of which the pollers can use. While hooks run, only
            `settings(type)`, `log` and `clock` can be.

    Returns:
        Pollers.

    Example:
        ```python
        import json
        from collections.abc import Iterable

        from plugway import (
            Ask,
            Poller,
            Provider,
            Task,
            TaskUpdate,
            UnreadableAnswer,
            hookimpl,
        )

        STATES = {"running": "processing", "done": "succeed", "error": "failed"}


        class EchoPoller(Poller):
            provider = "echo"

            async def poll(self, task: Task, ask: Ask) -> TaskUpdate:
                return self.read(await ask(f"/jobs/{task.upstream_id}"))

            async def find(self, task: Task, ask: Ask) -> TaskUpdate:
                return self.read(await ask(f"/jobs/by-client-id/{task.call_id}"))

            def read(self, body: bytes) -> TaskUpdate:
                job = json.loads(body)
                if job["status"] not in STATES:
                    raise UnreadableAnswer(f"unknown status {job['status']!r}")
                state = STATES[job["status"]]
                return TaskUpdate(state=state, upstream_id=job["id"], answer=body.decode())


        @hookimpl
        def register_providers() -> Iterable[Provider]:
            return [Provider(name="echo", title="Echo", models=("echo",))]


        @hookimpl
        def register_pollers() -> Iterable[Poller]:
            return [EchoPoller()]
        ```
    """


@hookspec
def register_workers(gateway: Gateway) -> Iterable[Worker]:  # type: ignore[empty-body]  # a spec has no body
    """Return background work.

    Called: once for each gateway, at start; the work begins when the gateway serves.
    Results: those of all plugins.
    Order: none.
    Errors: the plugin is left out when this raises, returns anything but workers, or a name
        that another plugin has. A round that raises later is logged, and the next one comes.

    Args:
        gateway: The gateway, all of which the work can use. While hooks run, only
            `settings(type)`, `log` and `clock` can be.

    Returns:
        Workers; a lease sees to it that one node at a time runs each.

    Example:
        ```python
        from __future__ import annotations

        from collections.abc import Iterable
        from typing import TYPE_CHECKING

        from plugway import Worker, hookimpl

        if TYPE_CHECKING:
            from plugway import Gateway


        @hookimpl
        def register_workers(gateway: Gateway) -> Iterable[Worker]:
            async def greet() -> None:
                gateway.log.info("still here")

            return [Worker(name="echo.greet", run=greet, interval=300)]
        ```
    """


@hookspec
def register_emulator() -> Emulator:  # type: ignore[empty-body]  # a spec has no body
    """Return a local stand-in for the upstream.

    Called: once for each gateway, at start; `plugway demo`, tests and benchmarks start it.
    Results: one a provider.
    Order: none.
    Errors: the plugin is left out when this raises, returns something that is no emulator,
        or one for a provider that nobody registers or that has one already.

    Returns:
        The emulator, not started. Keep it in a module of its own, and import that inside
        the hook.

    Example:
        ```python
        from collections.abc import Iterable

        from aiohttp import web

        from plugway import Emulator, Provider, hookimpl
        from plugway.testing import EmulatorServer


        class EchoEmulator(EmulatorServer):
            provider = "echo"
            models = ("echo",)

            def routes(self) -> Iterable[web.RouteDef]:
                return [web.post("/echo", self.echo)]

            async def echo(self, request: web.Request) -> web.StreamResponse:
                return web.Response(body=await request.read())


        @hookimpl
        def register_providers() -> Iterable[Provider]:
            return [Provider(name="echo", title="Echo", models=("echo",))]


        @hookimpl
        def register_emulator() -> Emulator:
            return EchoEmulator()
        ```
    """
