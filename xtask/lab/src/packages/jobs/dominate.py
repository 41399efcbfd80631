import dominate
from dominate import tags


def page(given=["a", "<b>"]):
    """Builds a page of objects."""
    document = dominate.document(title="T")
    with document:
        with tags.ul(cls="x"):
            for text in given:
                tags.li(text, data_n="1")
    return document.render()
