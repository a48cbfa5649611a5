"""What is left of an editable install: the entry point names a module that has gone."""
