"""Plugins: which there are, which work, and what each of them gives."""

from plugway.plugins.loading import RESERVED, LoadedPlugins, PluginInfo, load_plugins, report

__all__ = ["RESERVED", "LoadedPlugins", "PluginInfo", "load_plugins", "report"]
