"""Users, groups, keys: who calls, and what they may."""
