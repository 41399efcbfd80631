from markdownify import markdownify


def markdown(
    given="<h1>A</h1><p>x <b>y</b> <a href='u'>z</a></p><ul><li>1<li>2</ul><table><tr><th>h<tr><td>c</table><pre>code</pre>",
):
    """Makes Markdown of HTML."""
    return [markdownify(given), markdownify(given, heading_style="ATX", bullets="-", strip=["a"])]
