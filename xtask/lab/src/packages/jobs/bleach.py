import bleach


def cleaned(
    given="<p onclick=x>a <script>alert(1)</script><a href='javascript:x'>b</a> <b>c</b> http://d.org",
):
    """Cleans HTML of strangers, and makes links."""
    clean = bleach.clean(given, tags={"p", "a", "b"}, attributes={"a": ["href"]})
    return [
        clean,
        bleach.clean(given, tags=set(), strip=True),
        bleach.linkify("see http://d.org or a@b.org", parse_email=True),
    ]
