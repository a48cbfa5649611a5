from __future__ import annotations

from pathlib import Path

import pytest

from plugway.credentials.vault import Vault
from plugway.errors import Gone, NotPermitted
from plugway.media.links import Links

NOW = 1_700_000_000


@pytest.fixture
def links() -> Links:
    return Links(Vault([bytes(32)]))


def test_a_link_works_until_its_time_is_over(links: Links) -> None:
    signature = links.signature("a.png", NOW)
    assert links.check("a.png", str(NOW), signature, NOW - 1) == NOW
    with pytest.raises(Gone, match="expired"):
        links.check("a.png", str(NOW), signature, NOW)


@pytest.mark.parametrize(
    ("name", "until", "cut"),
    [
        ("b.png", str(NOW), 0),
        ("a.html", str(NOW), 0),
        ("a.png", str(NOW + 1), 0),
        ("a.png", "", 0),
        ("a.png", "-1", 0),
        ("a.png", "9" * 400, 0),
        ("a.png", "١", 0),
        ("a.png", str(NOW), 1),
        ("a.png", str(NOW), 99),
    ],
)
def test_what_was_changed_is_refused(links: Links, name: str, until: str, cut: int) -> None:
    signature = links.signature("a.png", NOW)
    with pytest.raises(NotPermitted):
        links.check(name, until, signature[: len(signature) - cut], NOW - 1)


def test_a_signature_that_is_no_text_is_refused(links: Links) -> None:
    with pytest.raises(NotPermitted):
        links.check("a.png", str(NOW), "\ud800é", NOW - 1)


def test_another_vault_signs_otherwise(links: Links) -> None:
    other = Links(Vault([b"1" * 32]))
    with pytest.raises(NotPermitted):
        other.check("a.png", str(NOW), links.signature("a.png", NOW), NOW - 1)


def test_a_link_outlives_a_new_key_but_not_the_removal_of_its_own(tmp_path: Path) -> None:
    home = tmp_path / "home"
    vault = Vault.create(home)
    other_node = Vault.load(home, {})
    signature = Links(vault).signature("a.png", NOW)
    vault.rotate()
    assert Links(vault).signature("a.png", NOW) != signature
    for links in (Links(vault), Links(other_node)):
        assert links.check("a.png", str(NOW), signature, NOW - 1) == NOW
    vault.drop_old()
    with pytest.raises(NotPermitted):
        Links(other_node).check("a.png", str(NOW), signature, NOW - 1)
    # A file that has gone meanwhile takes no links with it.
    mine = Links(vault).signature("a.png", NOW)
    (home / "vault.key").unlink()
    assert Links(vault).check("a.png", str(NOW), mine, NOW - 1) == NOW
