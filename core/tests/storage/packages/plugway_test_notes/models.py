from __future__ import annotations

from tortoise import fields
from tortoise.models import Model


class Note(Model):
    id = fields.BigIntField(primary_key=True)
    user_id = fields.BigIntField()
    text = fields.TextField()
    pages = fields.IntField(db_default=7)

    class Meta:
        table = "notes_note"
