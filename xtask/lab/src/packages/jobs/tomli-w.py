import tomllib

import tomli_w


def written(given={"a": 1, "t": {"x": [1, 2], "s": 'line\n"q"'}, "arr": [{"n": 1}, {"n": 2}]}):
    """Writes TOML, which reads back the same."""
    text = tomli_w.dumps(given, multiline_strings=True)
    return [text, tomllib.loads(text) == given]
