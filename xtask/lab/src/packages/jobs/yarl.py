from yarl import URL


def addresses(
    given=["https://user:p@example.org:8080/a b/../ž?x=1&x=2#f", "http://bücher.de", "/rel"]
):
    """Takes addresses apart, joins and changes them."""
    results = []
    for text in given:
        url = URL(text)
        results.append(
            [
                str(url),
                url.host,
                url.path,
                url.query.getall("x", []),
                str(url.with_query({"q": "ž +"})),
                str(url / "more"),
            ]
        )
    return results + [str(URL("http://a/b/c").join(URL("../d?e")))]
