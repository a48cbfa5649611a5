"""Which plugins there are, before any of them is imported."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from importlib import metadata

import msgspec

from plugway.hookspecs import CONTRACT_VERSION, GROUP
from plugway.plugins.implementations import Refused, blame, kind

#: The oldest contract that still works.
OLDEST_CONTRACT = 1


class Candidate(msgspec.Struct, frozen=True, kw_only=True):
    """Is a plugin that was found and not yet imported.

    Attributes:
        name: Its name.
        load: Imports it.
        module: Module that may declare the contract version; None: the object does.
        distribution: Where it came from; None: it was given as an object.
        version: That distribution's version.
        requires: What that distribution requires, as in its metadata.
        refusal: Why it cannot be used, where that is known already.
    """

    name: str
    load: Callable[[], object]
    module: str | None = None
    distribution: str | None = None
    version: str | None = None
    requires: tuple[str, ...] = ()
    refusal: str | None = None


def given(plugins: Mapping[str, object]) -> list[Candidate]:
    """Return plugins that are given as objects, by name."""
    return [
        Candidate(name=name, load=lambda plugin=plugin: plugin)  # type: ignore[misc]  # a default binds early
        for name, plugin in sorted(plugins.items())
    ]


def installed() -> list[Candidate]:
    """Return the plugins of installed distributions, by name.

    Entry points of one name are all refused: which one is meant is not for us to guess.
    """
    found = [_candidate(entry_point) for entry_point in metadata.entry_points(group=GROUP)]
    found.sort(key=lambda candidate: (candidate.name, candidate.distribution or ""))
    count = Counter(candidate.name for candidate in found)
    return [
        candidate if count[candidate.name] == 1 else _refused(candidate, found)
        for candidate in found
    ]


def unmet(requires: Iterable[str]) -> str | None:
    """Say in words which requirement on plugway the running version does not meet."""
    running = _version("plugway")
    if running is None:
        # A source tree that is not installed has no version to compare.
        return None
    # Only distributions that are checked pay for this import.
    from packaging.requirements import InvalidRequirement, Requirement

    for text in requires:
        try:
            requirement = Requirement(text)
        except InvalidRequirement:
            continue
        if requirement.name.lower() != "plugway" or not _applies(requirement.marker):
            continue
        if not requirement.specifier.contains(running, prereleases=True):
            return f"it needs plugway {requirement.specifier}, and this is plugway {running}"
    return None


def check_contract(plugin: object, module: str | None) -> None:
    """Refuse a plugin that was written for another version of the contract.

    Args:
        plugin: What its entry point names.
        module: The module that was imported for it.

    Raises:
        Refused: The declared version is not one of ours.
    """
    default = getattr(sys.modules.get(module or ""), "plugway_contract", CONTRACT_VERSION)
    declared = getattr(plugin, "plugway_contract", default)
    if not isinstance(declared, int) or isinstance(declared, bool):
        raise Refused(f"plugway_contract is {kind(declared)}, not a number")
    if declared > CONTRACT_VERSION:
        raise Refused(
            f"it is written for contract {declared} and this plugway has {CONTRACT_VERSION}: "
            "upgrade plugway"
        )
    if declared < OLDEST_CONTRACT:
        raise Refused(
            f"it is written for contract {declared} and this plugway takes {OLDEST_CONTRACT} "
            "at least: upgrade the plugin"
        )


def _candidate(entry_point: metadata.EntryPoint) -> Candidate:
    candidate = Candidate(
        name=entry_point.name,
        load=entry_point.load,
        module=entry_point.value.partition(":")[0].strip(),
        distribution="unknown distribution",
        version="of unknown version",
    )
    if entry_point.dist is None:
        return candidate
    try:
        return msgspec.structs.replace(
            candidate,
            distribution=entry_point.dist.name or candidate.distribution,
            version=entry_point.dist.version or candidate.version,
            requires=tuple(entry_point.dist.requires or ()),
        )
    except Exception as error:  # noqa: BLE001  # half-removed distributions fail in many ways
        refusal = f"the metadata of its distribution cannot be read: {blame(error)}"
        return msgspec.structs.replace(candidate, refusal=refusal)


def _refused(candidate: Candidate, found: Iterable[Candidate]) -> Candidate:
    others = [
        f"{other.distribution} {other.version}"
        for other in found
        if other.name == candidate.name and other is not candidate
    ]
    reason = f"{' and '.join(others)} brings a plugin of the same name"
    return msgspec.structs.replace(candidate, refusal=reason)


def _applies(marker: object) -> bool:
    evaluate: Callable[[dict[str, str]], bool] | None = getattr(marker, "evaluate", None)
    return evaluate is None or evaluate({"extra": ""})


def _version(distribution: str) -> str | None:
    try:
        return metadata.version(distribution)
    except metadata.PackageNotFoundError:
        return None
