from docutils.core import publish_parts, publish_string

TEXT = """Title
=====

A *word*, ``code``, a `link <https://a.org>`_.

.. note:: Be careful.

+---+---+
| a | b |
+---+---+

.. code-block:: python

   x = 1
"""


def html(given=TEXT):
    """Makes HTML of reStructuredText."""
    parts = publish_parts(given, writer_name="html5", settings_overrides={"_disable_config": True})
    return [parts["title"], parts["body"]]


def tree(given="* a\n* b\n\n|undefined|\n"):
    """Shows the tree of a text, with what is wrong in it."""
    settings = {"_disable_config": True, "report_level": 5, "output_encoding": "unicode"}
    return publish_string(given, writer_name="pseudoxml", settings_overrides=settings)
