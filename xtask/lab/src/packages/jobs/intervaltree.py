from intervaltree import Interval, IntervalTree


def intervals(given=[[1, 5, "a"], [3, 8, "b"], [10, 12, "c"]]):
    """Finds, cuts and merges intervals."""
    tree = IntervalTree(Interval(*each) for each in given)
    found, cut = sorted(each.data for each in tree[4]), tree.copy()
    cut.chop(2, 4)
    tree.merge_overlaps(lambda a, b: a + b)
    return [
        found,
        sorted([each.begin, each.end] for each in cut),
        sorted([each.begin, each.end] for each in tree),
    ]
