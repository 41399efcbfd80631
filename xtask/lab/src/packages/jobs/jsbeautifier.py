import jsbeautifier


def formatted(
    given="function f(a){if(a){return [1,2].map(x=>x*2)}else{return null}}var o={a:1,'b':/x/g}",
):
    """Formats JavaScript."""
    options = jsbeautifier.default_options()
    options.indent_size = 2
    options.brace_style = "expand"
    return [jsbeautifier.beautify(given), jsbeautifier.beautify(given, options)]
