from __future__ import annotations

from pathlib import Path
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plugway.errors import ConfigurationError
from plugway.storage.url import DatabaseURL

PLAIN = st.text("abcdefghijklmnopqrstuvwxyz0123456789_", min_size=1, max_size=12)
ANY = st.text(st.characters(codec="utf-8"), max_size=20)


def test_sqlite_paths_are_absolute_or_start_from_home(tmp_path: Path) -> None:
    assert DatabaseURL.parse("sqlite:///var/lib/x.db").path == "/var/lib/x.db"
    assert DatabaseURL.parse("sqlite://data/x.db", home=tmp_path).path == f"{tmp_path}/data/x.db"
    assert DatabaseURL.parse("sqlite:///a%20b.db").path == "/a b.db"


@pytest.mark.parametrize("text", ["", " ", "local"])
def test_nothing_and_local_are_the_file_at_home(text: str, tmp_path: Path) -> None:
    url = DatabaseURL.parse(text, home=tmp_path)

    assert (url.dialect, url.path) == ("sqlite", str(tmp_path / "plugway.db"))


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "asyncpg"])
def test_postgres_by_each_of_its_names(scheme: str) -> None:
    url = DatabaseURL.parse(f"{scheme}://gate:pass@db.example:6543/plugway")

    assert (url.dialect, url.host, url.port) == ("postgres", "db.example", 6543)
    assert (url.user, url.password, url.database) == ("gate", "pass", "plugway")


@pytest.mark.parametrize("scheme", ["mysql", "mariadb", "MySQL"])
def test_mysql_by_each_of_its_names(scheme: str) -> None:
    url = DatabaseURL.parse(f"{scheme}://gate@db.example/plugway")

    assert (url.dialect, url.port, url.password) == ("mysql", 3306, "")


def test_addresses_may_be_ipv6_missing_or_a_socket() -> None:
    assert DatabaseURL.parse("postgres://u@[::1]:99/d").host == "::1"
    assert DatabaseURL.parse("postgres:///d").host == "127.0.0.1"
    assert DatabaseURL.parse("postgresql:///d?host=/run/postgresql").host == "/run/postgresql"
    socket = DatabaseURL.parse("mysql://u@localhost/d?unix_socket=/run/mysqld.sock")
    assert socket.arguments()["unix_socket"] == "/run/mysqld.sock"


def test_passwords_may_hold_raw_signs() -> None:
    assert DatabaseURL.parse("postgres://u:p@ss:w/ord@db/d").password == "p@ss:w/ord"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "root:123456@tcp(db:3307)/oneapi?charset=utf8mb4&parseTime=True&loc=Local",
            ("root", "123456", "db", 3307, "oneapi"),
        ),
        ("root:p@ss/w(o)rd@tcp(db)/oneapi", ("root", "p@ss/w(o)rd", "db", 3306, "oneapi")),
        ("root@tcp([::1]:3307)/oneapi", ("root", "", "::1", 3307, "oneapi")),
        ("root:x@unix(/run/mysqld.sock)/oneapi", ("root", "x", "/run/mysqld.sock", 3306, "oneapi")),
        ("root:x@/oneapi", ("root", "x", "127.0.0.1", 3306, "oneapi")),
    ],
)
def test_the_go_drivers_form(text: str, expected: tuple[str, str, str, int, str]) -> None:
    url = DatabaseURL.parse(text)

    assert url.dialect == "mysql"
    assert (url.user, url.password, url.host, url.port, url.database) == expected


@pytest.mark.parametrize(
    "text",
    [
        "oracle://u:hunter2@db/d",
        "hunter2",
        "sqlite://",
        "sqlite:///folder/",
        "sqlite://:memory:",
        "postgres://u:hunter2@db",
        "postgres://u:hunter2@db:99999/d",
        "postgres://u:hunter2@db:x/d",
        "mysql://u:hunter2@db/d?pool=3",
        "root:hunter2@udp(db)/d",
    ],
)
def test_other_texts_are_refused_without_the_password(text: str) -> None:
    with pytest.raises(ConfigurationError) as refused:
        DatabaseURL.parse(text)

    assert refused.value.message.startswith("database: ")
    assert "hunter2" not in refused.value.message


@given(
    scheme=st.sampled_from(["postgres", "mysql"]),
    user=ANY.filter(bool),
    password=ANY,
    database=ANY.filter(bool),
    port=st.integers(1, 65_535),
)
def test_what_is_encoded_comes_back(
    scheme: str, user: str, password: str, database: str, port: int
) -> None:
    parts = [quote(part, safe="") for part in (user, password, database)]
    url = DatabaseURL.parse(f"{scheme}://{parts[0]}:{parts[1]}@db.example:{port}/{parts[2]}")

    assert (url.user, url.password, url.database) == (user, password, database)
    assert url.port == port
    assert DatabaseURL.parse(url.reveal()) == url


@given(user=PLAIN, password=st.text("ABCDEFGHIJKLMNOPQRSTUVWXYZ#%!", min_size=4), database=PLAIN)
def test_the_password_is_never_shown(user: str, password: str, database: str) -> None:
    for url in (
        DatabaseURL.parse(f"postgres://{user}:{quote(password)}@db.example/{database}"),
        DatabaseURL.parse(f"{user}:{password}@tcp(db.example)/{database}"),
    ):
        assert url.password == password
        for text in (str(url), repr(url), f"{url}", f"{[url]}"):
            assert password not in text
            assert quote(password) not in text


@given(text=st.text(max_size=60))
def test_any_text_is_parsed_or_refused(text: str) -> None:
    try:
        url = DatabaseURL.parse(text)
    except ConfigurationError:
        return
    assert url.dialect in {"sqlite", "postgres", "mysql"}


def test_a_file_url_comes_back() -> None:
    url = DatabaseURL.parse("sqlite:///a%3Fb%25/x.db?busy_timeout=50&synchronous=normal")

    assert url.path == "/a?b%/x.db"
    assert DatabaseURL.parse(url.reveal()) == url
    assert url.pragmas()["busy_timeout"] == "50"
    assert url.pragmas()["synchronous"] == "normal"
