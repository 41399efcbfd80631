import html2text


def text(
    given="<h1>A</h1><p>x <b>y</b> <a href='/u'>z</a></p><ol><li>1<li>2</ol><table><tr><th>h<tr><td>c</table>",
):
    """Makes text of HTML."""
    converter = html2text.HTML2Text(baseurl="https://a.org", bodywidth=40)
    converter.inline_links = False
    return [html2text.html2text(given), converter.handle(given)]
