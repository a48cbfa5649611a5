"""Profiles: signed-in browsers as files and credentials."""
