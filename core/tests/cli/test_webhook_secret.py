"""`plugway users webhook-secret`."""

from __future__ import annotations

import base64

from command_line import Shell


def test_a_secret_stands_alone_on_stdout_and_nowhere_else(shell: Shell) -> None:
    shell("users", "add", "alice")
    ran = shell("users", "webhook-secret", "alice")
    secret = ran.out.strip()
    assert ran.out == f"{secret}\n"
    assert ran.err == ""
    assert len(base64.b64decode(secret.removeprefix("whsec_"))) == 32
    shown = shell("users", "show", "alice")
    assert "webhook_secret  yes" in shown.out
    assert secret not in shown.out
    again = shell("users", "webhook-secret", "alice", "--json").json
    assert set(again) == {"secret"}
    assert again["secret"] != secret


def test_a_secret_is_removed(shell: Shell) -> None:
    shell("users", "webhook-secret", "admin")
    assert shell("users", "webhook-secret", "admin", "--remove", "--yes").out == ""
    assert shell("users", "show", "admin", "--json").json["webhook_secret"] is False
    for words in (("nobody",), ("nobody", "--remove", "--yes")):
        ran = shell("users", "webhook-secret", *words, check=False)
        assert (ran.code, ran.out) == (1, "")
        assert "no user named nobody" in ran.err
