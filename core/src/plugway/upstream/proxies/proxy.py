"""One proxy, and how it is written."""

from __future__ import annotations

import re
from importlib.util import find_spec
from ipaddress import IPv6Address, ip_address
from urllib.parse import unquote

import msgspec
from yarl import URL

from plugway.errors import ConfigurationError
from plugway.upstream.proxies.exempt import Exempt

#: A channel's proxy setting that means no proxy, whatever the environment says.
DIRECT = "direct"
#: One that means a proxy of the gateway's pool, another for each request.
POOL = "pool"

#: Why a SOCKS proxy cannot be used.
NO_SOCKS = "proxy: SOCKS needs an extra: pip install 'plugway[socks]'"

FORM = "the right form is http://host:port, https://host:port or socks5://host:port"

_SOCKS = {"socks5": "socks5", "socks5h": "socks5", "socks4": "socks4", "socks4a": "socks4"}
_SCHEMES = {"http": "http", "https": "https", **_SOCKS}
_PORTS = {"http": 80, "https": 443, "socks5": 1080, "socks4": 1080}

#: RFC 1929 counts them with one byte.
_SOCKS_LOGIN = 255
_LOGIN = 1024

_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)://(.*)", re.S)
_HOST = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9_.-]{0,251}[A-Za-z0-9_.])?")
_ADDRESS = re.compile(r"(\[[^\[\]@]*\]|[^:@\[\]]*)(?::(\d{1,5}))?", re.A)
_BEHIND = re.compile(r"((?:\[[^\[\]@]*\]|[^:@\[\]]*):\d{1,5}):([^:]*):(.*)", re.A | re.S)
_STRAY = re.compile(r"%(?![0-9A-Fa-f]{2})")


class Proxy(msgspec.Struct, frozen=True):
    """Is a proxy that requests can go through.

    Its text for people hides the login; `written` has it.

    Attributes:
        url: `http`, `https`, `socks5` or `socks4`, with the login percent-encoded.
        exempt: Hosts that are not reached through it.

    Example:
        >>> Proxy.parse("10.0.0.1:1080:me:pa55 | no_proxy=.internal")
        http://…@10.0.0.1:1080
        >>> Proxy.parse("socks5h://me:pa55@[::1]:1080").written
        'socks5://me:pa55@[::1]:1080'
    """

    url: URL
    exempt: Exempt = Exempt()

    @classmethod
    def parse(cls, text: str) -> Proxy:
        """Return a proxy from any of the forms that lists have it in.

        With a scheme or without, which then is `http`: `host:port`, `host:port:user:pass`,
        `user:pass@host:port`; behind ` | no_proxy=` the hosts that are not reached through
        it. A login before an `@` may be percent-encoded; one that comes last is taken as it
        is.

        Args:
            text: One line.

        Raises:
            ConfigurationError: Not usable; the message does not repeat it.
        """
        address, exempt = _parted(text)
        return cls(_read(address), exempt)

    @classmethod
    def parse_setting(cls, text: str) -> Proxy:
        """Return the proxy of a setting: a URL, and what is not reached through it.

        Only the forms whose login a list of settings can hide are taken.

        Args:
            text: As typed.

        Raises:
            ConfigurationError: Not usable; the message does not repeat it.
        """
        address, exempt = _parted(text)
        return cls(parse_proxy(address), exempt)

    @property
    def written(self) -> str:
        """Return its canonical form, login included: `parse` gives an equal proxy."""
        url = str(self.url).removesuffix("/")
        return f"{url} | no_proxy={','.join(self.exempt.entries)}" if self.exempt.entries else url

    @property
    def address(self) -> str:
        """Return host and port."""
        host = self.url.host or ""
        port = self.url.port or _PORTS[self.url.scheme]
        return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"

    def __repr__(self) -> str:
        login = "" if self.url.raw_user is None and self.url.raw_password is None else "…@"
        return f"{self.url.scheme}://{login}{self.address}"

    __str__ = __repr__


def parse_proxy(text: str) -> URL:
    """Return a proxy's address.

    Args:
        text: An `http`, `https`, `socks5`, `socks5h` or `socks4` URL; user and password may
            be in it, before an `@`.

    Raises:
        ConfigurationError: Not usable; the message does not repeat it.

    Example:
        >>> parse_proxy("socks5h://127.0.0.1")
        URL('socks5://127.0.0.1:1080')
    """
    matched = _SCHEME.fullmatch(text)
    if matched is None:
        raise _refused()
    rest = matched[2].removesuffix("/")
    login, at, address = rest.rpartition("@")
    # Where these stand unencoded, nobody can tell where the login ends, nor hide it.
    if any(sign in login for sign in "/?#"):
        raise _refused("in a user or password / ? and # are written %2F %3F and %23")
    return _built(matched[1], address, login if at else None)


def check_proxy(text: str) -> None:
    """Refuse a channel's proxy setting that could not be used here.

    Args:
        text: As typed: an address, `direct`, `pool` or nothing.

    Raises:
        ConfigurationError: Not usable; the message does not repeat it.
    """
    if text in ("", DIRECT, POOL):
        return
    if is_socks(Proxy.parse_setting(text).url) and not find_spec("aiohttp_socks"):
        raise ConfigurationError(NO_SOCKS, field="proxy")


def is_socks(proxy: URL) -> bool:
    """Return whether a proxy speaks SOCKS.

    Args:
        proxy: From `parse_proxy`.
    """
    return proxy.scheme in _SOCKS


def _parted(text: str) -> tuple[str, Exempt]:
    address, bar, option = text.strip().rpartition("|")
    if not bar or not option.strip().startswith("no_proxy="):
        return text.strip(), Exempt()
    return address.strip(), Exempt.parse(option.strip().removeprefix("no_proxy="))


def _read(text: str) -> URL:
    matched = _SCHEME.fullmatch(text)
    scheme, rest = (matched[1], matched[2]) if matched else ("http", text)
    if "#" in rest:
        # Lists name proxies behind a #; a password may hold one too.
        named = _in_front(scheme, rest.partition("#")[0].rstrip(), bare=matched is None)
        if named is not None:
            return named
    found = _in_front(scheme, rest, bare=matched is None)
    if found is not None:
        return found
    behind = _BEHIND.fullmatch(rest)
    if behind is None:
        raise _refused()
    return _built(scheme, behind[1], (behind[2], behind[3]))


def _in_front(scheme: str, text: str, *, bare: bool) -> URL | None:
    """Return the address of a proxy whose login, if any, is before an `@`."""
    login, at, address = text.removesuffix("/").rpartition("@")
    found = _ADDRESS.fullmatch(address)
    # A word that anything may be is not taken for the name of a host.
    if found is None or not found[1] or (bare and not found[2]):
        return None
    return _built(scheme, address, login if at else None)


def _built(given: str, address: str, login: str | tuple[str, str] | None) -> URL:
    scheme = _SCHEMES.get(given.lower())
    found = _ADDRESS.fullmatch(address)
    if scheme is None or found is None:
        raise _refused()
    host, port = _host(found[1]), int(found[2] or _PORTS[scheme])
    if not 1 <= port <= 65_535:
        raise _refused()
    if isinstance(login, str):
        user, colon, word = login.partition(":")
        pair = (_decoded(user), _decoded(word) if colon else "")
    else:
        pair = login or ("", "")
    _check_login(scheme, *pair)
    user, password = pair
    shown_port = None if scheme in ("http", "https") and port == _PORTS[scheme] else port
    return URL.build(
        scheme=scheme,
        host=host,
        port=shown_port,
        user=user if user or password else None,
        password=password or None,
    )


def _host(text: str) -> str:
    if text.startswith("["):
        try:
            address = IPv6Address(text[1:-1])
        except ValueError:
            raise _refused() from None
        if address.scope_id is not None:
            raise _refused()
        return str(address)
    name = text.lower()
    try:
        return str(ip_address(name))
    except ValueError:
        pass
    try:
        name = name if name.isascii() else name.encode("idna").decode("ascii")
    except UnicodeError:
        raise _refused() from None
    if not _HOST.fullmatch(name) or ".." in name:
        raise _refused()
    return name


def _decoded(text: str) -> str:
    if "%" not in text or _STRAY.search(text):
        return text
    try:
        return unquote(text, errors="strict")
    except UnicodeDecodeError:
        return text


def _check_login(scheme: str, user: str, password: str) -> None:
    """Refuse a login that the protocol cannot carry, before it is dropped or cut in silence."""
    if not (user + password).isprintable() or len(user) + len(password) > _LOGIN:
        raise _refused("user and password are printable, and not that long")
    if scheme == "socks5":
        if bool(user) != bool(password):
            raise _refused("SOCKS5 takes a user and a password, or neither")
        if max(len(user), len(password)) > _SOCKS_LOGIN:
            raise _refused("SOCKS5 takes a user and a password of 255 characters at the most")
    if scheme == "socks4" and password:
        raise _refused("SOCKS4 knows a user and no password")
    if scheme in _SOCKS and not (user + password).isascii():
        raise _refused("SOCKS takes a user and a password in ASCII")
    if scheme in ("http", "https"):
        if ":" in user:
            raise _refused("HTTP takes no user with a colon")
        try:
            (user + password).encode("latin-1")
        except UnicodeEncodeError:
            raise _refused("HTTP takes a user and a password in Latin-1") from None


def _refused(reason: str = FORM) -> ConfigurationError:
    return ConfigurationError(f"proxy: {reason}", field="proxy")
