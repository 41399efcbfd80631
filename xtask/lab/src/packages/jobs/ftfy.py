import ftfy


def repaired(
    given=["âœ” No problems", "schÃ¶n", "&lt;3", "L&AMP;AMP;ATILDE;&AMP;AMP;SUP3;PEZ", "ﬂow…"]
):
    """Repairs text that was decoded wrongly."""
    return [
        [
            ftfy.fix_text(text),
            ftfy.fix_and_explain(text).explanation and len(ftfy.fix_and_explain(text).explanation),
        ]
        for text in given
    ]
