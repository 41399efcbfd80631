from mako import exceptions
from mako.lookup import TemplateLookup
from mako.template import Template

TEXT = """<%def name="row(x)"><td>${x | h}</td></%def>\\
% for n in numbers:
${row(n)}\\
% endfor
<% total = sum(numbers) %>${total}"""


def templates(given=[1, 2, 3]):
    """Renders templates with functions and Python in them."""
    lookup = TemplateLookup()
    lookup.put_string("base", "<${self.body()}>")
    child = Template("<%inherit file='base'/>x", lookup=lookup)
    try:
        Template("% for x in y:\n").render()
        wrong = None
    except exceptions.MakoException as error:
        wrong = type(error).__name__
    return [Template(TEXT).render(numbers=given), child.render(), wrong]


def modules(given="${x} once"):
    """Keeps the modules of templates in a folder."""
    import os
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        with open(os.path.join(folder, "a.txt"), "w") as file:
            file.write(given)
        lookup = TemplateLookup(folder, module_directory=os.path.join(folder, "made"))
        return [
            lookup.get_template("a.txt").render(x=1),
            sorted(
                name for name in os.listdir(os.path.join(folder, "made")) if name.endswith(".py")
            ),
        ]
