import logging

import cssutils


def styles(
    given="a { color: red; top: 1px } @media print { b { margin: 0 } } .x > p { color: nonsense }",
):
    """Parses, checks and changes style sheets."""
    cssutils.log.setLevel(logging.CRITICAL)
    sheet = cssutils.parseString(given)
    sheet.cssRules[0].style["color"] = "blue"
    return [
        sheet.cssText.decode(),
        [rule.typeString for rule in sheet],
        sheet.cssRules[2].style.valid,
    ]
