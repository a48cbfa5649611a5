"""A plugin's own tables."""

from __future__ import annotations

import msgspec

from plugway.errors import ConfigurationError


class Tables(msgspec.Struct, frozen=True, kw_only=True):
    """Names a plugin's models and migrations, for Tortoise.

    Attributes:
        label: App label; the plugin's name. Tables should begin with it.
        models: Module with the Tortoise models. Refer to core rows by plain id columns:
            a foreign key across apps ties the order of migrations.
        migrations: Package of migrations, made by `plugway migrate make LABEL`.

    Raises:
        ConfigurationError: A label that is taken by the core or is no identifier.

    Example:
        >>> package = "plugway_echo"
        >>> tables = Tables(
        ...     label="echo", models=f"{package}.models", migrations=f"{package}.migrations"
        ... )
        >>> tables.label
        'echo'
    """

    label: str
    models: str
    migrations: str

    def __post_init__(self) -> None:
        if self.label == "core" or not self.label.isidentifier():
            raise ConfigurationError(f"tables {self.label!r}: use the plugin's name as label")
