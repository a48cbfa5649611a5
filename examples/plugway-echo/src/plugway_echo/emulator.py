"""A stand-in for the upstream; it knows nothing of the plugin."""

from __future__ import annotations

from collections.abc import Iterable

from aiohttp import web

from plugway import Tour
from plugway.testing import EmulatorServer


class EchoEmulator(EmulatorServer):
    """Says again what it is told, to those who have its key."""

    provider = "echo"
    secret = "echo-key-0123456789"  # noqa: S105  # opens nothing but this stand-in
    models = ("echo",)
    tour = (Tour(title="Say something", path="/echo", json={"say": "hello"}),)

    def routes(self) -> Iterable[web.RouteDef]:
        """Return the only route there is."""
        return [web.post("/echo", self.echo)]

    async def echo(self, request: web.Request) -> web.StreamResponse:
        """Answer with the body that came."""
        if request.headers.get("Authorization") != f"Bearer {self.secret}":
            return web.json_response({"error": "wrong key"}, status=401)
        headers = {"Content-Type": request.content_type}
        return web.Response(body=await request.read(), headers=headers)
