"""Upstream secrets: sealed, minted into grants, watched."""
