"""The names that the protocol has of its own (`wit/README.md`)."""

VERSION = "0.0.1"

# Ops of a guest: what a host may ask of it besides the program's own ops.

# Open what later calls would open once, before the host copies the memory.
SETTLE = "wit-wire:settle"
# Describe an op's input and output.
SCHEMA = "wit-wire:schema"
# Run another op, and measure where it spends its time.
PROFILE = "wit-wire:profile"
# Go on with the call that is parked.
RESUME = "wit-wire:resume"
# Draw other random numbers than the guest whose memory this one's is a copy of.
RESEED = "wit-wire:reseed"

# The answer to an op that waits for the host, and is to be resumed. It is not JSON, so that no
# output can be taken for it.
PARKED = "wit-wire:parked"

# Hostcalls: what a guest may ask of every host.

# Run several hostcalls side by side.
BATCH = "wit-wire:batch"
# The answer to a batch, as JSON, that asks the guest to park.
PARK = '"park"'
# List the files of a package.
FILES = "wit-wire:files"
# Read one of them.
FILE = "wit-wire:file"
