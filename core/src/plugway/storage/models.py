"""The core's tables.

Times are microseconds since 1970, UTC, as integers: they sort and compare alike on
every database. Amounts are integer credits. Secrets are sealed by the vault.
"""

from __future__ import annotations

from typing import Any

from tortoise import fields
from tortoise.indexes import Index
from tortoise.models import Model

from plugway.storage.json import decode_json, encode_json


def _json(**options: Any) -> Any:
    return fields.JSONField(encoder=encode_json, decoder=decode_json, **options)


class Revision(Model):
    """Counts the changes that other processes must load; one row, id 1."""

    id = fields.IntField(primary_key=True, generated=False)
    number = fields.BigIntField(db_default=0)

    class Meta:
        table = "plugway_revision"


class Lease(Model):
    """Gives background work to one node at a time."""

    name = fields.CharField(max_length=190, primary_key=True)
    owner = fields.CharField(max_length=64)
    until = fields.BigIntField()

    class Meta:
        table = "plugway_lease"


class Group(Model):
    """Bundles users: which models and channels they reach, and how fast."""

    id = fields.BigIntField(primary_key=True)
    name = fields.CharField(max_length=64, unique=True)
    models = _json(null=True)
    rate = fields.CharField(max_length=64, null=True)
    created_at = fields.BigIntField()

    class Meta:
        table = "plugway_group"


class User(Model):
    """Owns keys and an account."""

    id = fields.BigIntField(primary_key=True)
    name = fields.CharField(max_length=64, unique=True)
    role = fields.CharField(max_length=16)
    group_id = fields.BigIntField(null=True)
    account_id = fields.BigIntField(unique=True)
    enabled = fields.BooleanField()
    #: Sealed secret that signs the callbacks sent to this user; None: they are not signed.
    webhook_secret = fields.TextField(null=True)
    created_at = fields.BigIntField()

    class Meta:
        table = "plugway_user"


class Key(Model):
    """Lets a client in: `sk-…`, or an access key with a secret key to sign JWTs."""

    id = fields.BigIntField(primary_key=True)
    user_id = fields.BigIntField()
    name = fields.CharField(max_length=64)
    kind = fields.CharField(max_length=8)
    #: SHA-256 of `sk-…`, or of the access key; hex.
    digest = fields.CharField(max_length=64, unique=True)
    masked = fields.CharField(max_length=64)
    #: Sealed secret key of a pair: checking a client's HS256 signature needs it whole.
    sealed = fields.TextField(null=True)
    enabled = fields.BooleanField()
    expires_at = fields.BigIntField(null=True)
    models = _json(null=True)
    networks = _json(null=True)
    rate = fields.CharField(max_length=64, null=True)
    #: Account of the key's own quota.
    account_id = fields.BigIntField(null=True)
    created_at = fields.BigIntField()

    class Meta:
        table = "plugway_key"
        unique_together = (("user_id", "name"),)


class ChannelRow(Model):
    """Is one configured way to a provider."""

    id = fields.BigIntField(primary_key=True)
    provider = fields.CharField(max_length=64)
    name = fields.CharField(max_length=64, unique=True)
    base_url = fields.CharField(max_length=512)
    models = _json()
    priority = fields.IntField()
    weight = fields.IntField()
    group = fields.CharField(max_length=64, null=True, source_field="group_name")
    #: Secrets in them are masked.
    settings = _json()
    #: The secrets among the settings, sealed: JSON, by name.
    sealed = fields.TextField(null=True)
    enabled = fields.BooleanField()
    created_at = fields.BigIntField()
    updated_at = fields.BigIntField()

    class Meta:
        table = "plugway_channel"


class CredentialRow(Model):
    """Is one upstream secret of a channel, and its state."""

    id = fields.BigIntField(primary_key=True)
    channel_id = fields.BigIntField(db_index=True)
    kind = fields.CharField(max_length=64)
    sealed = fields.TextField()
    masked = fields.CharField(max_length=64)
    #: SHA-256 of the secret, so that the same one is not added twice to a channel.
    digest = fields.CharField(max_length=64)
    #: Whose account it is, such as an address: at most one of a name in a channel.
    label = fields.CharField(max_length=190, null=True)
    state = fields.CharField(max_length=16)
    reason = fields.CharField(max_length=512)
    cooling_until = fields.BigIntField(null=True)
    failures = fields.IntField()
    #: Call that uses it, until then at the latest; only in pools.
    claim = fields.CharField(max_length=32, null=True)
    claimed_until = fields.BigIntField(null=True)
    #: When its rest after the last call ends; only in pools.
    next_use_at = fields.BigIntField(default=0)
    #: Uses of this day, and rests, by kind of quota; JSON.
    quotas = fields.TextField(default="{}")
    #: When the secret itself ends, where that is known.
    expires_at = fields.BigIntField(null=True)
    #: When its renewal is due; None: it is not.
    renewal_at = fields.BigIntField(null=True, db_index=True)
    #: Who renews it, until then at the latest.
    renewal_owner = fields.CharField(max_length=64, null=True)
    renewal_until = fields.BigIntField(null=True)
    #: Renewals in a row that failed.
    renewal_failures = fields.IntField(default=0)
    renewed_at = fields.BigIntField(null=True)
    created_at = fields.BigIntField()
    updated_at = fields.BigIntField()

    class Meta:
        table = "plugway_credential"
        unique_together = (("channel_id", "digest"), ("channel_id", "label"))


class Price(Model):
    """Is a tariff row that the operator edited; it wins over the plugin's."""

    id = fields.BigIntField(primary_key=True)
    provider = fields.CharField(max_length=64)
    tariff_key = fields.CharField(max_length=128)
    unit = fields.CharField(max_length=32)
    #: `name=value&…`, sorted, so that it can be part of the unique key.
    dimensions = fields.CharField(max_length=255)
    #: Exactly one of the two; decimal strings.
    price = fields.CharField(max_length=64, null=True)
    credits = fields.CharField(max_length=64, null=True)
    updated_at = fields.BigIntField()

    class Meta:
        table = "plugway_price"
        unique_together = (("provider", "tariff_key", "unit", "dimensions"),)


class Account(Model):
    """Holds prepaid credits; only the ledger writes it."""

    id = fields.BigIntField(primary_key=True)
    #: `user:<id>` or `key:<id>`.
    owner = fields.CharField(max_length=64, unique=True)
    balance = fields.BigIntField()
    held = fields.BigIntField()
    overdraft = fields.BigIntField()

    class Meta:
        table = "plugway_account"


class Hold(Model):
    """Reserves credits for one call until it is settled or released."""

    call_id = fields.CharField(max_length=32, primary_key=True)
    account_id = fields.BigIntField()
    #: Second account that must admit: the key's own quota.
    key_account_id = fields.BigIntField(null=True)
    key_id = fields.BigIntField(null=True)
    #: A task of the same call id owns it: only the end of that task resolves it.
    task = fields.BooleanField()
    amount = fields.BigIntField()
    state = fields.CharField(max_length=8)
    settled_amount = fields.BigIntField()
    #: What the call cost beyond the hold and the balance could not cover.
    shortfall = fields.BigIntField()
    refunded = fields.BigIntField()
    #: The matched tariff rows and the usage.
    quote = fields.TextField()
    created_at = fields.BigIntField()
    expires_at = fields.BigIntField()
    resolved_at = fields.BigIntField(null=True)

    class Meta:
        table = "plugway_hold"
        indexes = (
            # By task, so that the sweeper does not pass over those of open tasks.
            Index(fields=("state", "task", "expires_at"), name="plugway_hold_state_expires"),
            # Not by state: an index entry that never moves keeps settling cheap.
            Index(fields=("account_id", "call_id"), name="plugway_hold_account"),
        )


class Entry(Model):
    """Records one change of one account; append only."""

    id = fields.BigIntField(primary_key=True)
    account_id = fields.BigIntField()
    call_id = fields.CharField(max_length=32, null=True)
    kind = fields.CharField(max_length=8)
    delta_balance = fields.BigIntField()
    delta_held = fields.BigIntField()
    idempotency_key = fields.CharField(max_length=190, unique=True)
    actor = fields.CharField(max_length=128)
    reason = fields.CharField(max_length=255)
    created_at = fields.BigIntField()

    class Meta:
        table = "plugway_entry"
        indexes = (Index(fields=("account_id", "id"), name="plugway_entry_account"),)


class UsageRow(Model):
    """Records one call; append only, pruned by retention."""

    id = fields.BigIntField(primary_key=True)
    call_id = fields.CharField(max_length=32, unique=True)
    request_id = fields.CharField(max_length=128)
    account_id = fields.BigIntField()
    user_id = fields.BigIntField()
    key_id = fields.BigIntField(null=True)
    provider = fields.CharField(max_length=64)
    model = fields.CharField(max_length=128)
    channel_id = fields.BigIntField(null=True)
    credential_id = fields.BigIntField(null=True)
    input_tokens = fields.BigIntField()
    output_tokens = fields.BigIntField()
    images = fields.IntField()
    videos = fields.IntField()
    estimated = fields.BooleanField()
    credits = fields.BigIntField()
    status = fields.IntField()
    error = fields.CharField(max_length=64, null=True)
    upstream_ms = fields.IntField()
    overhead_us = fields.IntField()
    ip = fields.CharField(max_length=45)
    #: What the client calls itself, cut.
    agent = fields.CharField(max_length=128, null=True)
    created_at = fields.BigIntField()

    class Meta:
        table = "plugway_usage"
        indexes = (
            Index(fields=("account_id", "created_at", "id"), name="plugway_usage_account"),
            Index(fields=("key_id", "created_at", "id"), name="plugway_usage_key"),
            Index(fields=("created_at", "id"), name="plugway_usage_created"),
        )


class Audit(Model):
    """Records what an administrator changed; append only, no secrets."""

    id = fields.BigIntField(primary_key=True)
    actor = fields.CharField(max_length=128)
    action = fields.CharField(max_length=64)
    subject = fields.CharField(max_length=190)
    detail = _json()
    request_id = fields.CharField(max_length=128)
    created_at = fields.BigIntField(db_index=True)

    class Meta:
        table = "plugway_audit"


class TaskRow(Model):
    """Is an upstream job that outlives its call; only the ledger writes its states."""

    id = fields.BigIntField(primary_key=True)
    #: The hold's, and the name by which the upstream knows the task from its first byte on.
    call_id = fields.CharField(max_length=32, unique=True)
    provider = fields.CharField(max_length=64)
    #: Says how the upstream is asked for it; the plugin's word.
    kind = fields.CharField(max_length=64)
    model = fields.CharField(max_length=128)
    user_id = fields.BigIntField()
    account_id = fields.BigIntField()
    key_id = fields.BigIntField(null=True)
    request_id = fields.CharField(max_length=128)
    ip = fields.CharField(max_length=45)
    channel_id = fields.BigIntField(null=True)
    credential_id = fields.BigIntField(null=True)
    #: The upstream's own name for it.
    upstream_id = fields.CharField(max_length=190, null=True)
    #: The caller's own name for it, unique among the caller's.
    external_id = fields.CharField(max_length=190, null=True)
    callback_url = fields.TextField(null=True)
    state = fields.CharField(max_length=16)
    #: Percent.
    progress = fields.IntField(null=True)
    #: Why it failed, or why the upstream could not be asked lately.
    reason = fields.CharField(max_length=512, null=True)
    #: What was asked, long strings cut; JSON.
    request = fields.TextField()
    #: What the upstream said last; JSON.
    answer = fields.TextField(null=True)
    #: Credits that its success costs, by the prices at its submit.
    price = fields.BigIntField()
    #: What its usage row will say: usages and the submit's times; JSON.
    facts = fields.TextField()
    #: When it is due, a claim's lease included; None: it has ended.
    next_poll_at = fields.BigIntField(null=True)
    #: Who has claimed it until then.
    lease = fields.CharField(max_length=64, null=True)
    polls = fields.IntField()
    #: Polls in a row that told nothing.
    failures = fields.IntField()
    #: When it expires; None: it has ended.
    deadline = fields.BigIntField(null=True)
    created_at = fields.BigIntField()
    updated_at = fields.BigIntField()
    finished_at = fields.BigIntField(null=True)

    class Meta:
        table = "plugway_task"
        # The names first: administrators look for one whose provider or user they do not know.
        unique_together = (("upstream_id", "provider"), ("external_id", "user_id", "provider"))
        indexes = (
            Index(fields=("channel_id", "next_poll_at"), name="plugway_task_due"),
            Index(fields=("deadline",), name="plugway_task_deadline"),
            Index(fields=("user_id", "provider", "kind", "id"), name="plugway_task_owner"),
            Index(fields=("state", "id"), name="plugway_task_state"),
        )


class Receipt(Model):
    """Keeps what an upstream told of a task by itself; append only, pruned with usage rows."""

    id = fields.BigIntField(primary_key=True)
    call_id = fields.CharField(max_length=32, db_index=True)
    #: Its signature was verified.
    verified = fields.BooleanField()
    body = fields.TextField()
    created_at = fields.BigIntField(db_index=True)

    class Meta:
        table = "plugway_receipt"


class CallbackRow(Model):
    """Is a message owed to a client's `callback_url`, written with the change it tells of."""

    id = fields.BigIntField(primary_key=True)
    call_id = fields.CharField(max_length=32, db_index=True)
    user_id = fields.BigIntField()
    url = fields.TextField()
    body = fields.TextField()
    #: `waiting`, `delivered` or `failed`.
    state = fields.CharField(max_length=16)
    tries = fields.IntField()
    #: When it is tried, a claim's lease included; None: delivered or given up.
    next_try_at = fields.BigIntField(null=True)
    status = fields.IntField(null=True)
    reason = fields.CharField(max_length=255, null=True)
    created_at = fields.BigIntField(db_index=True)
    updated_at = fields.BigIntField()

    class Meta:
        table = "plugway_callback"
        indexes = (Index(fields=("next_try_at",), name="plugway_callback_due"),)


class BindingRow(Model):
    """Ties a resource of an upstream to the credential and the user that made it."""

    id = fields.BigIntField(primary_key=True)
    provider = fields.CharField(max_length=64)
    #: The plugin's word, such as `session`.
    kind = fields.CharField(max_length=64)
    name = fields.CharField(max_length=190)
    user_id = fields.BigIntField()
    channel_id = fields.BigIntField()
    credential_id = fields.BigIntField(null=True)
    expires_at = fields.BigIntField(null=True)
    created_at = fields.BigIntField()

    class Meta:
        table = "plugway_binding"
        unique_together = (("provider", "kind", "name"),)
        indexes = (Index(fields=("expires_at",), name="plugway_binding_expires"),)


class MediaRow(Model):
    """Is one image, video or sound that is kept, wherever its bytes are."""

    id = fields.BigIntField(primary_key=True)
    #: What its URL has: nobody can guess it.
    media_id = fields.CharField(max_length=40, unique=True)
    call_id = fields.CharField(max_length=32)
    #: Which of its call's it is; None: its bytes are being written, or are on their way out.
    position = fields.IntField(null=True)
    user_id = fields.BigIntField()
    mime_type = fields.CharField(max_length=128)
    size = fields.BigIntField()
    #: The upstream's own name for it.
    name = fields.TextField()
    #: Where its bytes are: a path in the folder, or an `s3://` address.
    place = fields.CharField(max_length=255)
    #: When row and bytes are removed; None: they stay.
    expires_at = fields.BigIntField(null=True)
    created_at = fields.BigIntField()

    class Meta:
        table = "plugway_media"
        unique_together = (("call_id", "position"),)
        indexes = (
            Index(fields=("user_id", "id"), name="plugway_media_user"),
            Index(fields=("expires_at",), name="plugway_media_expires"),
        )
