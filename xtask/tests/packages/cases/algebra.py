import sympy


def integral(text):
    return str(sympy.integrate(sympy.sympify(text)))


def roots(text):
    return [str(root) for root in sympy.solve(text)]
