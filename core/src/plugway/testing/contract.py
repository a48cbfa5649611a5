"""Tests that every plugin must pass; its author subclasses them."""

# ruff: noqa: S101  # these are tests, which happen to be shipped

from __future__ import annotations

import ast
import asyncio
import subprocess
import sys
from collections.abc import Iterable, Mapping
from importlib import metadata
from pathlib import Path
from types import MappingProxyType, ModuleType
from typing import TYPE_CHECKING, ClassVar
from urllib.parse import urlsplit

import aiohttp
import pytest
from packaging.requirements import Requirement

from plugway.asgi import create_app
from plugway.channels.store import read_settings
from plugway.chat.tally import Tally
from plugway.contract import ChatRequest, Emulator, MediaModels, Provider, Usage
from plugway.credentials.vault import Vault
from plugway.hookspecs import GROUP
from plugway.ledger.tariff import Tariff
from plugway.openapi import document
from plugway.plugins.contributions import KINDS
from plugway.testing.server import GatewayServer

if TYPE_CHECKING:
    from plugway.registry import Registry

#: All of the core that a plugin may import.
_PUBLIC = ("plugway", "plugway.testing")

_IMPORT = """
import sys, time
import plugway
began = time.process_time()
__import__(sys.argv[1])
print(time.process_time() - began)
"""


class PluginContract:
    """Checks a plugin against the contract, in a gateway of its own.

    Attributes:
        name: The plugin's name: that of its entry point.
        plugin: What the entry point points to.
        public: Paths, as mounted, that are meant to ask for no key.
        environ: Settings that the plugin needs, as environment variables.
        import_seconds: Processor time that the import may take.

    Example:
        ```python
        import plugway_echo
        from plugway.testing import PluginContract


        class TestContract(PluginContract):
            name = "echo"
            plugin = plugway_echo
        ```
    """

    name: ClassVar[str]
    plugin: ModuleType
    public: ClassVar[frozenset[str]] = frozenset()
    environ: ClassVar[Mapping[str, str]] = MappingProxyType({})
    import_seconds: ClassVar[float] = 0.3

    def usages(self, provider: Provider, model: str) -> Iterable[Usage]:
        """Return what a plain call of a model uses; override where the key is another one.

        Args:
            provider: One of the plugin's.
            model: One of the provider's, or of its emulator's.
        """
        return [Usage(key=model)]

    @pytest.fixture(scope="class")
    @classmethod
    def registry(cls, tmp_path_factory: pytest.TempPathFactory) -> Registry:
        """Start a gateway with this plugin alone, and return what was registered."""
        home = tmp_path_factory.mktemp(f"{cls.name}-contract")
        home.chmod(0o700)
        Vault.create(home)

        async def start() -> Registry:
            app = create_app(home, environ=cls._environ(), plugins={cls.name: cls.plugin})
            await app.start(serving=False)
            await app.stop()
            return app.gateway.registry

        return asyncio.run(start())

    def test_it_is_installed_under_its_name(self) -> None:
        found = metadata.entry_points(group=GROUP, name=self.name)
        assert [point.load() for point in found] == [self.plugin]

    def test_its_distribution_requires_plugway_without_a_pin(self) -> None:
        (point,) = metadata.entry_points(group=GROUP, name=self.name)
        assert point.dist is not None
        requirements = [Requirement(text) for text in point.dist.requires or ()]
        specifiers = {
            specifier.operator
            for requirement in requirements
            if requirement.name == "plugway"
            for specifier in requirement.specifier
        }
        assert ">=" in specifiers, "require a floor, as in plugway>=0.1,<1"
        assert not specifiers & {"==", "==="}, "a pin keeps plugway from being upgraded"

    def test_it_imports_nothing_but_the_contract(self) -> None:
        strays = [
            f"{path}:{line}: {name}" for path in self._sources() for line, name in _imported(path)
        ]
        assert strays == [], f"import from {' or '.join(_PUBLIC)} only"

    def test_importing_it_is_cheap(self) -> None:
        # Processor time, best of three, so that a busy machine does not fail it.
        spent = []
        for _ in range(3):
            run = subprocess.run(  # noqa: S603  # our own interpreter and our own text
                [sys.executable, "-c", _IMPORT, self.plugin.__name__],
                capture_output=True,
                text=True,
                check=True,
            )
            spent.append(float(run.stdout))
        assert min(spent) <= self.import_seconds, "import what is heavy where it is used"

    def test_it_loads_alone_and_every_hook_registers_something(self, registry: Registry) -> None:
        (plugin,) = registry.plugins
        assert plugin.state == "loaded"
        hooks = [hook for hook in KINDS if hasattr(self.plugin, hook)]
        assert [hook for hook in hooks if KINDS[hook] not in plugin.registered] == []

    def test_its_tables_carry_its_name(self, registry: Registry) -> None:
        for label in registry.plugins[0].registered.get("tables", ()):
            assert label == self.name

    def test_every_model_has_a_price(self, registry: Registry) -> None:
        rows = [row for _, row in registry.tariffs]
        for provider in registry.providers.values():
            emulator = registry.emulators.get(provider.name)
            models = provider.models or (emulator.models if emulator is not None else ())
            settings = read_settings(provider, emulator.settings if emulator is not None else {})
            for model in models:
                usages = list(self.usages(provider, model))
                assert Tariff({provider.name: rows}).quote(provider.name, usages, settings).lines

    def test_every_chat_model_has_a_price(self, registry: Registry) -> None:
        rows = [row for _, row in registry.tariffs]
        for _, models in registry.models:
            provider = registry.providers[models.provider]
            emulator = registry.emulators.get(provider.name)
            settings = read_settings(provider, emulator.settings if emulator is not None else {})
            tariff = Tariff({provider.name: rows})
            for model in models.list():
                asked = ChatRequest(model=model.id, messages=())
                if isinstance(models, MediaModels):
                    usages: tuple[Usage, ...] = (models.usage(asked, model),)
                else:
                    usages = Tally(asked, model).expected(1)
                assert tariff.quote(provider.name, usages, settings).lines, model.id

    def test_only_the_routes_that_are_meant_to_be_are_public(self, registry: Registry) -> None:
        mounts = [route.mount for route in registry.routes if route.owner == self.name]
        assert {mount.path for mount in mounts if mount.public} == set(self.public)

    def test_its_routes_can_be_described(
        self, registry: Registry, caplog: pytest.LogCaptureFixture
    ) -> None:
        described = document(registry.routes, version="0")
        assert described["paths"]
        assert caplog.records == []

    def test_its_emulator_fits_its_provider(self, registry: Registry) -> None:
        for name, emulator in registry.emulators.items():
            provider = registry.providers[name]
            known = set(emulator.models) <= set(provider.models or emulator.models)
            assert known or provider.more_models
            assert read_settings(provider, emulator.settings)
            assert (emulator.secret is None) == (provider.credential is None)
            if provider.credential is not None and emulator.secret is not None:
                assert registry.credential_kinds[provider.credential].parse(emulator.secret)

    def test_its_emulator_starts_and_stops_and_starts_again(self, registry: Registry) -> None:
        async def twice(emulator: Emulator) -> list[bool]:
            listening = []
            for _ in range(2):
                url = await emulator.start()
                listening.append(await _listens(url))
                await emulator.stop()
                listening.append(await _listens(url))
            return listening

        for emulator in registry.emulators.values():
            assert asyncio.run(twice(emulator)) == [True, False] * 2

    def test_its_tour_is_answered_and_the_ledger_is_sound(
        self, registry: Registry, tmp_path: Path
    ) -> None:
        if registry.emulators:
            asyncio.run(self._tour(tmp_path / "home"))

    async def _tour(self, home: Path) -> None:
        server = GatewayServer(home, plugins={self.name: self.plugin}, environ=self._environ())
        async with server:
            key = await server.key(await server.user(credits_=10**12))
            for emulator in server.gateway.registry.emulators.values():
                if emulator.missing:
                    pytest.skip(emulator.missing)
                await server.emulated(emulator, name=emulator.provider)
                try:
                    await self._visit(server.url, key, emulator)
                finally:
                    await emulator.stop()
            assert (await server.verify()).ok

    async def _visit(self, url: str, key: str, emulator: Emulator) -> None:
        headers = {"Authorization": f"Bearer {key}"}
        async with aiohttp.ClientSession(headers=headers) as client:
            for call in emulator.tour:
                async with client.request(call.method, url + call.path, json=call.json) as answer:
                    text = await answer.text()
                    assert answer.status == call.expect, f"{call.title}: {text}"

    @classmethod
    def _environ(cls) -> dict[str, str]:
        return {"PLUGWAY__PLUGINS__STRICT": "true", **cls.environ}

    @classmethod
    def _sources(cls) -> Iterable[Path]:
        file = Path(cls.plugin.__file__ or "")
        return file.parent.rglob("*.py") if file.name == "__init__.py" else [file]


async def _listens(base_url: str) -> bool:
    url = urlsplit(base_url)
    try:
        _, writer = await asyncio.open_connection(url.hostname, url.port)
    except OSError:
        return False
    writer.close()
    await writer.wait_closed()
    return True


def _imported(path: Path) -> Iterable[tuple[int, str]]:
    """Yield the imports of a file that are of the core and not public, with their lines."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            names = [node.module or ""]
        else:
            continue
        for name in names:
            if name.startswith("plugway.") and name not in _PUBLIC:
                yield node.lineno, name
