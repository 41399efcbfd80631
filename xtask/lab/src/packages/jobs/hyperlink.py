import hyperlink


def addresses(given=["http://bücher.de/ž?q=1#x", "http://a/b/c/d"]):
    """Takes addresses apart and changes them."""
    first, second = map(hyperlink.parse, given)
    return [
        first.to_uri().to_text(),
        second.click("../e").to_text(),
        second.child("x y").to_text(),
        first.get("q"),
        second.set("k", "v").to_text(),
    ]
