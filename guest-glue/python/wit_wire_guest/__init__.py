"""The guest's half of wit-wire for Python: runs functions given as source.

In reading order: `app` (the protocol's two functions), `ops` (from op data to a
callable), `sources` (modules of the user's own, in memory), `context` (what a
function may ask of its host), `wire_json` (JSON as the wire wants it), `failure`
(exceptions as data), `randomness`, `modules` (of Python, without files), `library` (packages that the host
keeps), `packages` (those that the image has), `stdlib` (the standard library inside the image), `kept` and
`compiling` (how code gets there), `preparation` and `image` (what is run to make the component).
"""
