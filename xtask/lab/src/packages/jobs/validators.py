import validators


def checked(
    given=[
        "https://a.org/x?y",
        "http://",
        "ada@a.org",
        "10.0.0.1/8",
        "4242424242424242",
        "DE89370400440532013000",
    ]
):
    """Checks texts of many kinds."""
    kinds = ["url", "email", "ipv4", "card_number", "iban", "domain"]
    return [[bool(getattr(validators, kind)(text)) for kind in kinds] for text in given]
