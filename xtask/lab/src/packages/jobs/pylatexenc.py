from pylatexenc.latex2text import LatexNodes2Text
from pylatexenc.latexencode import unicode_to_latex
from pylatexenc.latexwalker import LatexWalker


def converted(given=r"\textbf{Hi} \'el\`eve $\alpha^2$ % note"):
    """Makes text of LaTeX, and back."""
    nodes, _, _ = LatexWalker(given).get_latex_nodes()
    return [
        LatexNodes2Text().latex_to_text(given),
        unicode_to_latex("ž é α & 5%"),
        [type(node).__name__ for node in nodes],
    ]
