"""What is kept of accounts, beside their credentials."""

from __future__ import annotations

from tortoise import fields
from tortoise.models import Model


class FlowAccount(Model):
    """Is what the upstream said of one account."""

    id = fields.BigIntField(primary_key=True)
    #: The core's; a credential that is deleted leaves its row behind, and its id never comes again.
    credential_id = fields.BigIntField(unique=True)
    email = fields.CharField(max_length=190, default="")
    tier = fields.CharField(max_length=8, default="free")
    credits = fields.BigIntField(null=True)
    project_id = fields.CharField(max_length=190, default="")
    #: When credits and tier were asked for; microseconds since 1970.
    checked_at = fields.BigIntField(default=0)
    #: When the session was looked at, in use or not, and SHA-256 of what its token is since then.
    looked_at = fields.BigIntField(default=0)
    digest = fields.CharField(max_length=64, default="")

    class Meta:
        table = "plugway_flow_account"
