"""The HTTP API for administrators."""
