"""Upstream jobs that outlive their call."""
