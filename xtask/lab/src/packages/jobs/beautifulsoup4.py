from bs4 import BeautifulSoup

PAGE = """<html><body><div class="a b"><p>One <b>two</b></p><p id=x>Three</div>
<a href="/1">1</a><a href="/2" rel="next">2</a><table><tr><td>x<td>y</table>"""


def selected(given=PAGE):
    """Selects parts of a page that is not well formed."""
    soup = BeautifulSoup(given, "html.parser")
    return [
        [link["href"] for link in soup.select("a[href]")],
        soup.select_one("div.a > p").get_text(" ", strip=True),
        soup.find(id="x").parent["class"],
        [cell.text for cell in soup.find_all("td")],
    ]


def changed(given=PAGE):
    """Changes a page and prints it."""
    soup = BeautifulSoup(given, "html.parser")
    soup.b.replace_with("2")
    soup.table.decompose()
    tag = soup.new_tag("span", attrs={"title": "ž & <"})
    tag.string = "<new>"
    soup.div.append(tag)
    return soup.prettify()


def repaired(given=PAGE):
    """Repairs a page as browsers do, by html5lib."""
    return str(BeautifulSoup(given, "html5lib"))
