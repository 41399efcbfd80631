"""What Python does differently in a guest: output and randomness. Does not know the protocol."""
