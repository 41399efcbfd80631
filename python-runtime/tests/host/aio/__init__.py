"""What the host offers, to be awaited."""
