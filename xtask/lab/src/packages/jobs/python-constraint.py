import constraint


def solved(given=6):
    """Places queens, and solves a puzzle."""
    problem = constraint.Problem()
    columns = range(given)
    problem.addVariables(columns, range(given))
    for a in columns:
        for b in columns:
            if a < b:
                problem.addConstraint(lambda x, y, a=a, b=b: x != y and abs(x - y) != b - a, (a, b))
    return [
        len(problem.getSolutions()),
        sorted(tuple(sorted(solution.items())) for solution in problem.getSolutions())[0],
    ]
