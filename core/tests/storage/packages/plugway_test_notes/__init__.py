"""A plugin's package with tables of its own, for the tests of migrations."""
