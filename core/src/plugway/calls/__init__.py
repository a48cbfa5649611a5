"""One metered client call, from key to settlement."""
