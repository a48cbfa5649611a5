"""The admin HTTP API, which the command line and the console use too."""

from plugway.admin.mounts import admin_mounts

__all__ = ["admin_mounts"]
