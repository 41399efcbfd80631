from jinja2 import DictLoader, Environment, StrictUndefined, TemplateError
from jinja2.sandbox import SandboxedEnvironment

BASE = "<ul>{% block items %}{% endblock %}</ul>"
PAGE = """{% extends 'base' %}{% block items %}{% for name in names|sort %}
<li class="{{ loop.cycle('odd', 'even') }}">{{ name|title }}</li>{% else %}none{% endfor %}
{% endblock %}"""


def templates(given=["ada <b>", "grace"]):
    """Renders templates that extend others, with loops and escaping."""
    loader = DictLoader({"base": BASE, "page": PAGE})
    page = Environment(loader=loader, autoescape=True).get_template("page")
    return [page.render(names=given), page.render(names=[])]


def sandboxed(given=["{{ x * 2 }}", "{{ x.__class__.__mro__ }}", "{{ missing }}", "{% if %}"]):
    """Renders templates of strangers, and refuses what they must not do."""
    environment = SandboxedEnvironment(undefined=StrictUndefined)
    results = []
    for text in given:
        try:
            results.append(environment.from_string(text).render(x=21))
        except TemplateError as error:
            results.append([type(error).__name__, str(error)])
    return results
