import bs4
import soupsieve


def selectors(
    given=["p:nth-child(2)", "p:has(b)", ":is(p, b):not(.x)", "p ~ p", "[", "p:contains('1')"]
):
    """Compiles and matches CSS selectors."""
    soup = bs4.BeautifulSoup("<div><p>1 <b>2</b></p><p class=x>3</p></div>", "html.parser")
    results = []
    for selector in given:
        try:
            results.append([str(found) for found in soupsieve.select(selector, soup)])
        except soupsieve.SelectorSyntaxError as error:
            results.append(str(error))
    return results
