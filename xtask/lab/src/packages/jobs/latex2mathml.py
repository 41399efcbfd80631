from latex2mathml.converter import convert


def converted(
    given=[
        r"x^2 + \frac{1}{y}",
        r"\sqrt{\alpha} \le \sum_{i=1}^n i",
        r"\begin{pmatrix}a & b\\c & d\end{pmatrix}",
    ]
):
    """Makes MathML of LaTeX."""
    return [convert(text) for text in given]
