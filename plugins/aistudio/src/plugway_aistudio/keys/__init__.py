"""Keys of the earlier system."""
