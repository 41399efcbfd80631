from yapf.yapflib.yapf_api import FormatCode


def formatted(given="def f(a,b = 1):\n  return {'a':a,\n 'b':b}\nx = [1,2,\n3]"):
    """Formats Python by several styles."""
    return [FormatCode(given, style_config=style)[0] for style in ("pep8", "google")]
