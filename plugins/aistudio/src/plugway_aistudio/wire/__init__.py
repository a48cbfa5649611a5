"""The upstream's own format, read."""
