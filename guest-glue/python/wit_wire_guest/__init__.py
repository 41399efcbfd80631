"""The guest's half of wit-wire for Python: runs functions given as source.

In reading order: `app` (the protocol's two functions), `ops` (from op data to a
function), `calling` (how a function is called) with `annotations` (what they convert)
and `schemas` (the same as JSON Schema), `context` (what a function may ask of its host),
`hostcalls` and `loop` (how it is asked, and awaited), `wire_json` (JSON as the wire wants
it), `failure` (exceptions as data), `output` (what is printed), `profiling`,
`randomness`.

Where modules come from: `modules` (of Python, without files), `sources` (the user's own),
`host_packages` (which the host keeps), `baked_packages` (which the image has), `stdlib`
(the standard library inside the image), `absent` (what it lacks), with `bz2` and `ctypes`
for a part of it.

How the component is made: `preparation` and `image` (what is run), `compiling` and `kept`
(how code gets in).
"""
