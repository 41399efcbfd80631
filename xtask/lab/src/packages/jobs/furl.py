from furl import furl


def addresses(given="http://user@a.org:8080/x/../y z?a=1&a=2#f?g"):
    """Takes an address apart and changes it."""
    address = furl(given)
    address.args["ž"] = "1 2"
    address.path /= "more"
    return [
        address.url,
        address.host,
        address.args.getlist("a"),
        address.path.segments,
        str(furl("/a/b").join("../c")),
        furl("http://a/?x=1").remove(["x"]).url,
    ]
