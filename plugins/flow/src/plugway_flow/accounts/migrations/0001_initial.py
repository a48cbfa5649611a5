"""Creates the table of accounts."""

from __future__ import annotations

from tortoise import fields, migrations
from tortoise.migrations import operations as ops


class Migration(migrations.Migration):
    initial = True

    operations = [  # noqa: RUF012  # Tortoise's form
        ops.CreateModel(
            name="FlowAccount",
            fields=[
                ("id", fields.BigIntField(generated=True, primary_key=True)),
                ("credential_id", fields.BigIntField(unique=True)),
                ("email", fields.CharField(max_length=190)),
                ("tier", fields.CharField(max_length=8)),
                ("credits", fields.BigIntField(null=True)),
                ("project_id", fields.CharField(max_length=190)),
                ("checked_at", fields.BigIntField()),
                ("looked_at", fields.BigIntField()),
                ("digest", fields.CharField(max_length=64)),
            ],
            options={"table": "plugway_flow_account", "app": "flow", "pk_attr": "id"},
            bases=["Model"],
        ),
    ]
