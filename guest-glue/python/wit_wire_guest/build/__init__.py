"""What the component is made from.

Runs on the build machine; instances only have what `image` left in memory.

- `compiling`: compiles the standard library and packages
- `preparation`: the first run, which does that and is thrown away
- `image`: the second run, whose memory becomes the component
- `immortal`: has Python leave the reference counts of what is there alone
"""
