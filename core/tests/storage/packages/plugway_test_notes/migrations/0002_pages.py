from __future__ import annotations

from tortoise import fields, migrations
from tortoise.migrations import operations as ops


class Migration(migrations.Migration):
    dependencies = [("notes", "0001_initial")]  # noqa: RUF012  # Tortoise's form

    operations = [  # noqa: RUF012  # Tortoise's form
        ops.AddField(model_name="Note", name="pages", field=fields.IntField(db_default=7)),
    ]
