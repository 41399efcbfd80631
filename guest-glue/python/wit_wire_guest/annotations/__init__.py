"""What annotations say about values: JSON is checked and converted to Python objects, and back.

Knows Python's types and JSON. Does not know functions' contexts, the host or the protocol.

Each module imports only those above it:

- `mismatch`: a value that does not fit its annotation, and where
- `resolve`: annotations as they were written, and the objects that they mean
- `generics`: what aliases and type variables stand for
- `forms`: types that JSON represents in another form, such as dates
- `kinds`: what one annotation is
- `members`: what classes and functions consist of
- `composer`: visits an annotation, by kind
- `shapes`: converters for one shape of JSON
- `converting`: what `reading` (from JSON) and `writing` (to JSON) have in common
- `schemas`: the same as JSON Schema

Converters are composed once, when a function is loaded; a call runs nothing but closures. Values
without a known type pass unchanged.
"""
