import markdown

TEXT = """# A

|a|b|
|-|-|
|1|2|

```python
x = 1
```

*x* **y** [z](http://a) note[^1]

[^1]: The note.

Term
:   Definition
"""


def plain(given=TEXT):
    """Makes HTML of Markdown."""
    return markdown.markdown(given)


def extended(given=TEXT):
    """Makes HTML of tables, footnotes, code and definitions, with a table of contents."""
    extensions = ["tables", "toc", "fenced_code", "footnotes", "attr_list", "def_list"]
    converter = markdown.Markdown(extensions=extensions)
    return [converter.convert(given), converter.toc]
