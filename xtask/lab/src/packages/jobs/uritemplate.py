from uritemplate import URITemplate, expand


def expanded(given={"user": "ž x", "list": ["a", "b"], "keys": {"k": "v", "w": "1;2"}}):
    """Expands templates of addresses."""
    texts = ["/{user}", "{?list*,keys*}", "{/list*}{#user}", "{;keys}", "{user:1}{missing}"]
    return [
        [expand(text, given) for text in texts],
        sorted(URITemplate("/{a}{?b*}").variable_names),
    ]
