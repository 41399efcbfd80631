"""What reading and writing have in common."""

from .composer import Composer
from .kinds import EXACT, classify, name_of
from .mismatch import LONGEST_REASON, Mismatch, mismatch, shortened
from .shapes import exactly, object_of


class Converters(Composer):
    """Composes converters; `None` if there is nothing to do."""

    def anything(self):
        return None

    def exact(self, kind):
        return exactly(kind, EXACT[kind])

    def union(self, annotations):
        passing = passing_types(annotations)
        # In the user's order, but for those that are covered by `passing`.
        annotations = sorted(annotations, key=lambda annotation: classify(annotation)[0] == "exact")
        steps = [self.of(annotation) for annotation in annotations]
        names = [name_of(annotation) for annotation in annotations]
        owners = self.owners(annotations, steps)

        def convert(value):
            kind = type(value)
            if kind in passing:
                return value
            if kind in owners:
                return owners[kind](value)
            errors = []
            for step in steps:
                if step is not None:
                    try:
                        return step(value)
                    except Mismatch as error:
                        errors.append(error)
            if None in steps:
                return value
            raise _union_mismatch(value, names, errors)

        return convert

    def object(self, cls, found, names):
        """A converter of objects with the members in `found`, of which `names` must be there."""
        steps = {name: self.of(member.annotation) for name, member in found.items()}
        no_such = f"{cls.__name__} has no such field; it has {', '.join(found) or 'none'}"
        discriminators = [
            name
            for name, member in found.items()
            if classify(member.annotation)[0] == "literal" and steps[name]
        ]
        return object_of(
            f"an object ({cls.__name__})", steps, names, no_such, discriminators=discriminators
        )


def passing_types(annotations):
    """The types whose instances fit one of `annotations`, and stay as they are."""
    found = set()
    for annotation in annotations:
        match classify(annotation):
            case "exact", kind:
                found.add(kind)
            case "form", form if form.cls is float:
                found.add(float)
            case "union", inner:
                found |= passing_types(inner)
            case ("same", inner) | ("described", inner, _):
                found |= passing_types([inner])
    return found


def _union_mismatch(value, names, errors):
    """The error of a union: that of the one member that came near, or of all."""
    near = [
        (name, error) for name, error in zip(names, errors) if error.steps or error.expected is None
    ]
    if len(near) == 1:
        return near[0][1]
    if not near:
        return mismatch(" or ".join(dict.fromkeys(error.expected for error in errors)), value)
    reasons = (
        f"{name} ({shortened(str(error)[1:].removeprefix(': '), LONGEST_REASON)})"
        for name, error in near
    )
    return Mismatch(f"matches none of {', '.join(reasons)}")
