import mpmath


def precise(given=50):
    """Computes constants, zeros, integrals and special functions to many digits."""
    with mpmath.workdps(given):
        return [
            str(mpmath.pi),
            str(mpmath.zeta(3)),
            str(mpmath.findroot(mpmath.cos, 1)),
            str(mpmath.quad(lambda x: mpmath.exp(-x * x), [-mpmath.inf, mpmath.inf])),
            str(mpmath.gamma(mpmath.mpf(1) / 3)),
            str(mpmath.zetazero(1)),
        ]
