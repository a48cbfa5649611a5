"""One plugin's implementations of the hooks: checked before use, called one by one."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any, TypeVar

import pluggy

from plugway.hookspecs import GROUP, STAGES, specifications

if TYPE_CHECKING:
    from pluggy import HookImpl

T = TypeVar("T")

#: Longest text of a foreign error that a reason repeats.
_REASON_LENGTH = 300


class Refused(Exception):
    """A plugin cannot be used; the text is the reason, for people, without its name."""


def new_manager() -> pluggy.PluginManager:
    """Make a manager that knows the specifications and no plugin."""
    manager = pluggy.PluginManager(GROUP)
    for stage in STAGES:
        manager.add_hookspecs(stage)
    return manager


def blame(error: BaseException) -> str:
    """Put a foreign error into one short line."""
    text = " ".join(str(error).split())
    if len(text) > _REASON_LENGTH:
        text = f"{text[:_REASON_LENGTH]}…"
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


def shielded(what: str, function: Callable[..., T], *args: object) -> T:
    """Call foreign code that must not be able to end the process.

    Args:
        what: Begins the reason.
        function: The foreign function.
        args: Its arguments.

    Raises:
        Refused: It raised anything, `SystemExit` included; a person's Ctrl-C goes through.
    """
    try:
        return function(*args)
    except KeyboardInterrupt:
        raise
    except BaseException as error:
        raise Refused(f"{what} {blame(error)}") from error


class Implementations:
    """Holds the hook implementations of one plugin.

    Attributes:
        name: The plugin's name.
        names: Hooks it implements, in the order of the specifications.
    """

    def __init__(self, name: str, plugin: object) -> None:
        """Check what a plugin implements; nothing is called yet.

        Args:
            name: The plugin's name.
            plugin: A module or an object.

        Raises:
            Refused: It is not a plugin, or an implementation does not fit its specification.
        """
        found = _implementations(name, plugin)
        for hook, implementation in found.items():
            _check(hook, implementation)
        self.names = tuple(hook for hook in specifications() if hook in found)
        if not self.names:
            raise Refused("it implements no hook")
        self.name = name
        self._plugin = plugin
        self._found = found

    def register(self, manager: pluggy.PluginManager) -> None:
        """Make the plugin known to a manager, the last step of its loading.

        Args:
            manager: From `new_manager`.

        Raises:
            Refused: It is there already, or pluggy finds a fault of its own.
        """
        known = manager.get_name(self._plugin)
        if known is not None:
            raise Refused(f"it is the same object as the plugin {known!r}")
        shielded("registration raised", manager.register, self._plugin, self.name)
        try:
            shielded("registration raised", manager.check_pending)
        except Refused:
            manager.unregister(name=self.name)
            raise

    def call(self, hook: str, **arguments: object) -> Any:
        """Call one hook of this plugin.

        Args:
            hook: A name from `names`.
            arguments: All that the specification has; the implementation gets those it takes.

        Raises:
            Refused: It raised.
        """
        implementation = self._found[hook]
        given = [arguments[name] for name in implementation.argnames]
        return shielded(f"{hook} raised", implementation.function, *given)

    def one(self, hook: str, type_: type[T]) -> T:
        """Call a hook that takes no argument and returns one object.

        Args:
            hook: A name from `names`.
            type_: What the object must be.

        Raises:
            Refused: It raised, or returned something else.
        """
        result = self.call(hook)
        if not isinstance(result, type_):
            raise Refused(f"{hook} returned {kind(result)}, not {type_.__name__}")
        return result

    def objects(self, hook: str, type_: type[T], **arguments: object) -> tuple[T, ...]:
        """Call a hook that returns several objects.

        Args:
            hook: A name from `names`.
            type_: What each of them must be.
            arguments: As in `call`.

        Raises:
            Refused: It raised, or returned something else.
        """
        result = self.call(hook, **arguments)
        wanted = f"an iterable of {type_.__name__}"
        if not isinstance(result, Iterable):
            raise Refused(f"{hook} returned {kind(result)}, not {wanted}")
        # A generator runs the plugin's code only here.
        items: tuple[object, ...] = shielded(f"{hook} raised", tuple, result)
        checked = tuple(item for item in items if isinstance(item, type_))
        if len(checked) < len(items):
            stray = next(item for item in items if not isinstance(item, type_))
            raise Refused(f"{hook} returned {kind(stray)} among its results, not {wanted}")
        return checked

    def listener(self, hook: str) -> Callable[[Any], Any]:
        """Return the coroutine function that hears of an event, whatever arguments it takes."""
        implementation = self._found[hook]
        function: Callable[..., Any] = implementation.function
        if implementation.argnames:
            return function

        async def hear(event: object) -> None:
            await function()

        return hear


def kind(value: object) -> str:
    """Say what a value is, for a reason; never what it holds."""
    if value is None:
        return "nothing"
    if isinstance(value, type):
        return f"the class {value.__name__}"
    name = type(value).__name__
    return f"an {name}" if name[0] in "AEIOUaeiou" else f"a {name}"


def _implementations(name: str, plugin: object) -> dict[str, HookImpl]:
    if plugin is None or isinstance(plugin, type):
        raise Refused(f"it is {kind(plugin)}; name a module or an object")
    # A manager without specifications takes everything that is marked, misspelt or not.
    finder = pluggy.PluginManager(GROUP)
    for hook in specifications():
        attribute = inspect.getattr_static(plugin, hook, None)
        if inspect.isfunction(attribute) and not finder.parse_hookimpl_opts(plugin, hook):
            raise Refused(f"{hook} is not marked as an implementation: put @hookimpl above it")
    shielded("registration raised", finder.register, plugin, name)
    found = {}
    for caller in finder.get_hookcallers(plugin) or ():
        first, *others = caller.get_hookimpls()
        if others:
            raise Refused(f"it implements {caller.name} twice")
        found[caller.name] = first
    return found


def _check(hook: str, implementation: HookImpl) -> None:
    specification = specifications().get(hook)
    if specification is None:
        if implementation.optionalhook:
            return
        raise Refused(f"there is no hook {hook!r}{nearest(hook, specifications())}")
    if implementation.wrapper or implementation.hookwrapper:
        raise Refused(f"{hook} is a hook wrapper; plugins are called one by one, so none works")
    allowed = inspect.signature(specification).parameters
    for argument in implementation.argnames:
        if argument not in allowed:
            takes = f"it takes {', '.join(allowed)}" if allowed else "it takes none"
            raise Refused(f"{hook} has no argument {argument!r}; {takes}")
    function = inspect.unwrap(implementation.function)
    asynchronous = inspect.iscoroutinefunction(function) or inspect.isasyncgenfunction(function)
    if asynchronous != inspect.iscoroutinefunction(specification):
        right, wrong = ("def", "async def") if asynchronous else ("async def", "def")
        raise Refused(f"{hook} must be `{right}`, not `{wrong}`")


def nearest(word: str, words: Iterable[str]) -> str:
    """Suggest what a misspelt word may have meant, as the end of a reason."""
    close = get_close_matches(word, list(words), n=1, cutoff=0.5)
    return f"; did you mean {close[0]!r}?" if close else ""
