import mistune


def html(given="# Hi\n\n* a\n* b `c`\n\n| x | y |\n|---|---|\n| 1 | 2 |\n\n~~old~~ https://a.org"):
    """Makes HTML of Markdown with plugins."""
    return mistune.create_markdown(plugins=["table", "strikethrough", "url"])(given)


def tree(given="para *em*\n\n> quote"):
    """Makes a tree of Markdown."""
    return mistune.create_markdown(renderer=None)(given)
