from uncertainties import correlation_matrix, ufloat, ufloat_fromstr, umath


def propagated(given=[[1.0, 0.1], [2.0, 0.2]]):
    """Propagates uncertainty through formulas."""
    x, y = (ufloat(*pair) for pair in given)
    z = 2 * x + umath.sin(y) ** 2
    return [
        f"{z:.4f}",
        str(x - x),
        f"{z.derivatives[x]:.6f}",
        str(ufloat_fromstr("1.25(3)")),
        f"{(x / y):.3eL}",
    ]
