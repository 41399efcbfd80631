import sympy


def algebra(given=["x**2 - 2", "sin(x)**2 + cos(x)**2", "(x + 1)**3"]):
    """Solves, simplifies, expands, differentiates and integrates."""
    x = sympy.Symbol("x")
    results = []
    for text in given:
        term = sympy.sympify(text)
        results.append(
            [
                str(part)
                for part in (
                    sympy.simplify(term),
                    sympy.expand(term),
                    sympy.diff(term, x),
                    sympy.integrate(term, x),
                    sympy.factor(term),
                )
            ]
        )
    return [results, str(sympy.solve(x**2 - 2, x)), sympy.latex(sympy.Integral(sympy.sqrt(x), x))]


def numbers(given=720720):
    """Factors numbers, takes limits and inverts matrices exactly."""
    x = sympy.Symbol("x")
    matrix = sympy.Matrix([[1, 2], [3, 4]])
    return [
        str(sympy.factorint(given)),
        str(sympy.limit(sympy.sin(x) / x, x, 0)),
        str(matrix.inv()),
        str(matrix.eigenvals()),
        str(sympy.N(sympy.pi, 40)),
        str(sympy.series(sympy.exp(x), x, 0, 4)),
    ]
