"""Tests of the page of the command line."""

from __future__ import annotations

import click

from plugway.testing.command_reference import commands, reference


def section(*path: str) -> str:
    title = f"\n{'#' * (1 + len(path))} plugway {' '.join(path)}\n"
    _, found, rest = reference().partition(title)
    assert found, title
    return rest.partition("\n#")[0]


def test_every_command_has_a_section_in_the_order_of_the_help() -> None:
    paths = [path for path, _ in commands()]
    assert len(paths) == len(set(paths))
    titles = [line for line in reference().splitlines() if line.startswith(("## ", "### "))]
    assert titles == [f"{'#' * (1 + len(path))} plugway {' '.join(path)}" for path in paths]


def test_an_option_says_what_it_takes() -> None:
    assert "| `--server WORD` | One of `hypercorn`, `uvicorn`, `granian`." in section("serve")
    assert "| `--base-url URL` | The upstream's address. Required. |" in section("channels", "add")
    assert "| `--yes, -y` | Do not ask. |" in section("channels", "remove")


def test_what_nobody_should_use_is_not_shown() -> None:
    hidden = [
        param.opts[0]
        for _, command in commands()
        for param in command.params
        if isinstance(param, click.Option) and param.hidden
    ]
    assert hidden
    for name in hidden:
        assert f"| `{name} " not in reference()


def test_common_options_are_said_once() -> None:
    assert reference().count("| `--home DIR` |") == 1


def test_a_command_says_which_gateways_it_works_on() -> None:
    assert "On this machine only" in section("serve")
    assert "On this machine only" not in section("users", "list")
    assert "looks at no gateway" in section("version")
