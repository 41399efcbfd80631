"""The guest's half of wit-wire for Python: runs functions given as source.

Knows the protocol, and Python. Does not know which host runs it.

Floors, each of which imports only from those above it (`tests/test_floors.py`):

- `protocol` (the names that it reserves), `wire_json` (JSON as the wire has it) and `runtime`
  (output, randomness, threads, dates: Python's own, as a guest needs them)
- `annotations`: what a function's annotations say about values
- `errors`: exceptions as data
- `calls`: how a function is called, and asks its host
- `imports`: where modules come from, without a disk; and files
- `cells`: a session's pieces of source, which share a namespace
- `ops` (from op data to functions) and `app` (the protocol's two functions)
- `build`: what the component is made from

A call enters at `app.MatWire.handle`, and passes `calls.handler` on its way to the user's function.
"""
