import jinja2

ENVIRONMENT = jinja2.Environment(autoescape=True)
LIST = ENVIRONMENT.from_string("{% for name in names %}<li>{{ name }}</li>{% endfor %}")


def render(names):
    return LIST.render(names=names)


def broken(source):
    return ENVIRONMENT.from_string(source)
