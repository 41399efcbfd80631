from cssselect import GenericTranslator, SelectorSyntaxError, parse


def xpath(
    given=["div.a > p#b", "a[href^=http]:not(:first-child)", "li:nth-of-type(2n+1)", "a::", "p + p"]
):
    """Translates CSS selectors to XPath."""
    results = []
    for text in given:
        try:
            specificity = [selector.specificity() for selector in parse(text)]
            results.append([GenericTranslator().css_to_xpath(text), specificity])
        except SelectorSyntaxError as error:
            results.append(str(error))
    return results
