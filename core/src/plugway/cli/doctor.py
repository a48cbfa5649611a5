"""`plugway doctor`."""

from __future__ import annotations

import os

import click

from plugway.cli.options import LocalLeaf
from plugway.cli.session import Session
from plugway.cli.table import cell, json_option, show_json


@click.command(cls=LocalLeaf)
@json_option
@click.pass_context
def doctor(context: click.Context, as_json: bool) -> None:
    """Check that everything is as it should be; exit 1 if something is not."""
    import msgspec

    from plugway.cli.checkup import checkup

    session: Session = context.obj
    findings = []
    for finding in checkup(session.home, os.environ):
        findings.append(finding)
        if not as_json:
            line = f"{finding.state:<4}  {finding.check}: {cell(finding.detail)}"
            click.echo(line if not finding.remedy else f"{line} → {finding.remedy}")
    if as_json:
        show_json(msgspec.to_builtins(findings))
    if any(finding.state == "fail" for finding in findings):
        context.exit(1)
