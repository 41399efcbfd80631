import tinycss2


def rules(given="@media print { a { color: #FF0000 } } .x > p { margin: 1px 2em !important; w: }"):
    """Parses a style sheet, and lists its tokens."""
    sheet = tinycss2.parse_stylesheet(given, skip_whitespace=True)
    return [
        [rule.type, tinycss2.serialize(rule.prelude), [token.type for token in rule.content]]
        for rule in sheet
    ]
