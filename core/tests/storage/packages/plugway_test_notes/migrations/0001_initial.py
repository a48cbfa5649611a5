from __future__ import annotations

from tortoise import fields, migrations
from tortoise.migrations import operations as ops


class Migration(migrations.Migration):
    initial = True

    operations = [  # noqa: RUF012  # Tortoise's form
        ops.CreateModel(
            name="Note",
            fields=[
                ("id", fields.BigIntField(generated=True, primary_key=True)),
                ("user_id", fields.BigIntField()),
                ("text", fields.TextField()),
            ],
            options={"table": "notes_note", "app": "notes", "pk_attr": "id"},
            bases=["Model"],
        ),
        ops.RunSQL("INSERT INTO notes_note (user_id, text) VALUES (1, 'old')"),
    ]
