import yaml

TEXT = """
base: &base {host: localhost, port: 5432}
test:
  <<: *base
  port: 1
folded: >
  one
  two
list: [1, 2.5, yes, null, 0x1f, 2026-01-02x]
"""


def documents(given=TEXT):
    """Reads anchors, merged maps and folded text, and writes them again."""
    read = yaml.safe_load(given)
    return [read, yaml.safe_dump(read, sort_keys=True, default_flow_style=False)]


def wrong(given=["a: [", "a: b: c", "!!python/object:os.system x", "\ttab"]):
    """Tells where a document is wrong, and makes no objects that it asks for."""
    errors = []
    for text in given:
        try:
            errors.append(yaml.safe_load(text))
        except yaml.YAMLError as error:
            errors.append(str(error))
    return errors
