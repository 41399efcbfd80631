"""Where modules come from, in a process without a disk; and its files.

Knows the import system. Does not know what is done with the modules.

- `modules`: modules as the import system sees them, wherever their source is
- `sources`: those that a program brings
- `host_packages`: those that the host stores
- `blobs`: bytes that are part of the image
- `baked_packages`: packages that are part of the image
- `files`: what programs find in files besides what they write
- `unsupported`: modules that can't work in a guest, and why
- `native`: modules in C that are part of the image
- `keys`: what `hashlib` makes of passwords
- `stdlib`: the standard library, as part of the image
- `standins/`: replacements for modules that CPython for WASI lacks. They become part of the
  standard library, and are not imported from here.
"""
