"""How proxies are written: read, written, read again."""

from __future__ import annotations

import base64
from collections.abc import Callable
from urllib.parse import quote

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from yarl import URL

from plugway.errors import ConfigurationError
from plugway.upstream.proxies import Exempt, Proxy, check_proxy, parse_proxy
from plugway.upstream.proxies.listing import read_list

PASSWORD = "hunter-canary"

schemes = st.sampled_from(["http", "https", "socks5", "socks5h", "socks4"])
labels = st.from_regex(r"[a-z0-9]([a-z0-9-]{0,10}[a-z0-9])?", fullmatch=True)
hosts = st.one_of(
    st.lists(labels, min_size=1, max_size=3).map(".".join),
    st.ip_addresses(v=4).map(str),
    st.ip_addresses(v=6).map(lambda address: f"[{address}]"),
)
ports = st.integers(1, 65_535)
users = st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=20).filter(
    lambda text: ":" not in text
)
words = st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=20)
exempts = st.lists(labels.map(lambda label: f".{label}"), max_size=3)


@given(schemes, hosts, ports, st.one_of(st.none(), st.tuples(users, words)), exempts)
def test_what_is_written_is_read_as_it_was(
    scheme: str, host: str, port: int, login: tuple[str, str] | None, without: list[str]
) -> None:
    if login is not None and scheme == "socks4":
        login = None
    at = "" if login is None else f"{quote(login[0], safe='')}:{quote(login[1], safe='')}@"
    option = f" | no_proxy={','.join(without)}" if without else ""
    proxy = Proxy.parse(f"{scheme}://{at}{host}:{port}{option}")
    assert Proxy.parse(proxy.written) == proxy
    assert Proxy.parse_setting(proxy.written) == proxy
    assert (proxy.url.user, proxy.url.password) == (login or (None, None))
    assert proxy.url.port == port
    assert proxy.exempt == Exempt(tuple(without))
    if login is not None:
        if not {"@", "#"} & set("".join(login)):
            behind = f"{scheme}://{host}:{port}:{login[0]}:{login[1]}{option}"
            assert Proxy.parse(behind) == proxy
        assert "…@" in repr(proxy)
        assert repr(proxy).count("@") == 1


def said(read: Callable[[str], object], text: str) -> str:
    """Return what is said when a text is refused; any other failure is one."""
    try:
        read(text)
    except ConfigurationError as error:
        return f"{error.message} {error!r}"
    return "proxy: "


@given(st.text())
@example("http://user:p@ss@h:1")
@example("::::")
@example("[::1]:1:a:b@")
@example("http://h:٣")
@example("http://[::1%eth0]:1")
@example("socks5://\ud800:1")
def test_nothing_breaks_the_reader(text: str) -> None:
    for read in (Proxy.parse, Proxy.parse_setting, parse_proxy, check_proxy):
        assert said(read, text).startswith("proxy: ")
    read_list(text)


@given(st.text(max_size=20), st.text(max_size=20))
def test_no_error_repeats_the_password(before: str, behind: str) -> None:
    for text in (
        f"{before}{PASSWORD}{behind}",
        f"{before}://user:{PASSWORD}@{behind}",
        f"{before}:1:user:{PASSWORD}",
        f"socks5://:{PASSWORD}@{behind}",
    ):
        for read in (Proxy.parse, Proxy.parse_setting, check_proxy):
            assert PASSWORD not in said(read, text)
        assert PASSWORD not in (read_list(text).remark or "")


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("http://h", "http://h"),
        ("http://h:80/", "http://h"),
        ("HTTPS://H", "https://h"),
        ("10.0.0.1:3128", "http://10.0.0.1:3128"),
        ("h:1:user:pass", "http://user:pass@h:1"),
        ("h:1:user:pa:ss", "http://user:pa%3Ass@h:1"),
        ("user:pass@h:1", "http://user:pass@h:1"),
        ("socks5://h:1:user:pass", "socks5://user:pass@h:1"),
        ("socks5://h", "socks5://h:1080"),
        ("socks5h://u:p@h", "socks5://u:p@h:1080"),
        ("socks4://me@h:1", "socks4://me@h:1"),
        ("socks4a://me@h:1", "socks4://me@h:1"),
        ("[::1]:1:user:pass", "http://user:pass@[::1]:1"),
        ("socks5://u:p@[2001:DB8::1]:1", "socks5://u:p@[2001:db8::1]:1"),
        ("http://user:p@ss@h:1", "http://user:p%40ss@h:1"),
        ("http://user:p%40ss@h:1", "http://user:p%40ss@h:1"),
        ("http://user:50%@h:1", "http://user:50%25@h:1"),
        ("http://user:a/b?c@h:1", "http://user:a%2Fb%3Fc@h:1"),
        ("http://user:a#b@h:1", "http://user:a%23b@h:1"),
        ("http://u:p@h:1#my proxy", "http://u:p@h:1"),
        ("http://u:p@h:1#me@home", "http://u:p@h:1"),
        ("h:1:user:p%40ss", "http://user:p%2540ss@h:1"),
        ("h:1:user:p#ss", "http://user:p%23ss@h:1"),
        ("h:1 | no_proxy=a.example, .b", "http://h:1 | no_proxy=a.example,.b"),
        ("bücher.example:1", "http://xn--bcher-kva.example:1"),
    ],
)
def test_the_forms_of_lists(text: str, written: str) -> None:
    assert Proxy.parse(text).written == written


@pytest.mark.parametrize(
    "text",
    [
        "",
        "word",
        "h:0",
        "h:65536",
        "http://h:99999",
        "ftp://h:1",
        "http://",
        "http://a b:1",
        "h:1:user",
        "http://h:1/path",
        "http://[::1",
        "http://a..b:1",
        f"socks5://user@h:{1}",
        f"socks5://:{PASSWORD}@h:1",
        f"socks5://user:{PASSWORD * 20}@h:1",
        f"socks5://user:{PASSWORD}é@h:1",
        f"socks4://user:{PASSWORD}@h:1",
        f"http://us%3Aer:{PASSWORD}@h:1",
        f"http://user:{PASSWORD}€@h:1",
        f"http://user:{PASSWORD}%0d%0aX: y@h:1",
    ],
)
def test_what_is_no_proxy_is_refused(text: str) -> None:
    with pytest.raises(ConfigurationError, match=r"^proxy: ") as caught:
        Proxy.parse(text)
    assert PASSWORD not in caught.value.message
    assert caught.value.field == "proxy"


@pytest.mark.parametrize("text", ["h:1:user:pass", "u:p@h:1", "http://h:1:u:p", "http://u:a/b@h:1"])
def test_a_setting_takes_no_form_whose_login_a_list_would_show(text: str) -> None:
    Proxy.parse(text)
    with pytest.raises(ConfigurationError, match="proxy: "):
        check_proxy(text)


@pytest.mark.parametrize("text", ["", "direct", "pool", "socks5://u:p@h:1 | no_proxy=.internal"])
def test_a_setting_may_be(text: str) -> None:
    check_proxy(text)


def test_the_text_of_a_proxy_hides_its_login() -> None:
    proxy = Proxy.parse(f"socks5://user:{PASSWORD}@10.0.0.1:1080")
    assert f"{proxy} {proxy!r}" == "socks5://…@10.0.0.1:1080 socks5://…@10.0.0.1:1080"
    assert str(Proxy.parse("[::1]:3128")) == "http://[::1]:3128"


LIST = """\ufeff# mine
10.0.0.1:3128   # the first

  socks5://user:pass@10.0.0.2:1080
http://10.0.0.1:3128\r
vmess://eyJ2IjoiMiJ9
vmess://eyJ2IjoiMyJ9
Trojan://secret@10.0.0.3:443#name
ss://YWVzOnNlY3JldA==@10.0.0.4:8388
hysteria2://x@h:1
not a proxy
"""


def test_a_list_is_read_with_its_comments_and_what_is_not_supported() -> None:
    found = read_list(LIST)
    assert [proxy.written for proxy in found.proxies] == [
        "http://10.0.0.1:3128",
        "socks5://user:pass@10.0.0.2:1080",
    ]
    assert found.skipped == {"vmess": 2, "trojan": 1, "ss": 1, "hysteria2": 1}
    assert found.remark is not None
    assert found.remark.startswith("not supported here: 1 hysteria2, 1 ss, 1 trojan, 2 vmess")
    assert [number for number, _ in found.wrong] == [11]
    assert "not a proxy" not in found.remark


@pytest.mark.parametrize("encode", [base64.b64encode, base64.urlsafe_b64encode])
@pytest.mark.parametrize("padded", [True, False])
@pytest.mark.parametrize("wide", [True, False])
def test_a_list_may_be_in_base64(encode: object, padded: bool, wide: bool) -> None:
    # Its bytes need the signs in which the alphabets differ.
    text = "socks5://u:p>>>???@10.0.0.1:1080\n\n10.0.0.2:3128\n"
    packed = encode(text.encode()).decode()  # type: ignore[operator]  # one of the two
    packed = packed if padded else packed.rstrip("=")
    packed = packed if wide else "\r\n".join(packed[at : at + 20] for at in range(0, 99, 20))
    assert {"+", "/", "-", "_"} & set(packed)
    assert read_list(packed).proxies == read_list(text).proxies
    assert len(read_list(packed).proxies) == 2


def test_many_wrong_lines_are_counted_and_some_named() -> None:
    found = read_list("word\n" * 7)
    assert (found.wrong_count, len(found.wrong)) == (7, 5)
    assert found.remark is not None
    assert "2 more lines are no proxy" in found.remark


@pytest.mark.parametrize(
    ("entries", "url", "covered"),
    [
        ("a.example;.b", "http://x.b", True),
        ("[::1]:80", "http://[::1]", True),
        ("", "http://a", False),
    ],
)
def test_what_is_not_reached_through_a_proxy(entries: str, url: str, *, covered: bool) -> None:
    assert Exempt.parse(entries).covers(URL(url)) is covered
