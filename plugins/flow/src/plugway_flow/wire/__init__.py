"""What is said to the upstream and what it says, as bodies: pure functions."""
