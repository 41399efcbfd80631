"""What Python does differently in a guest: output, randomness, threads, dates.

Does not know the protocol.
"""
