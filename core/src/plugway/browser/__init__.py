"""This machine's browser: found, driven, led through proxies, and ended whatever happens."""

from plugway.browser.browser import Browser as Browser
