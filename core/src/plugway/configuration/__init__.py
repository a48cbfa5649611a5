"""Where settings come from: a file in the home directory, and the environment.

Precedence, highest first:

1. `PLUGWAY__<TABLE>__<NAME>` in the environment;
2. the old deployments' names: `PORT`, `SQL_DSN`, `REDIS_CONN_STRING`, `SESSION_SECRET`,
   `SERVER_ADDRESS`;
3. `plugway.toml`, or `plugway.json`;
4. the defaults in `plugway.settings`.
"""

from plugway.configuration.live import LiveSettings
from plugway.configuration.loading import load, plugin_tables
from plugway.configuration.template import template, write_template

__all__ = ["LiveSettings", "load", "plugin_tables", "template", "write_template"]
