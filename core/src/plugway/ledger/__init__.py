"""Accounts, holds and entries: prepaid credits that are neither lost nor charged twice."""
