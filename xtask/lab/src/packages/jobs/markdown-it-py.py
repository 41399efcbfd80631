from markdown_it import MarkdownIt


def rendered(given="# T\n\n- [x] `a`\n\n|a|\n|-|\n|b|\n\n<i>raw</i> https://a.org"):
    """Renders Markdown, and lists its tokens."""
    markdown = MarkdownIt("commonmark", {"html": False}).enable("table")
    return [markdown.render(given), [token.type for token in markdown.parse(given)]]
