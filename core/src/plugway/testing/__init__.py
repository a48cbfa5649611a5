"""What tests of plugway and of its plugins are built from."""
