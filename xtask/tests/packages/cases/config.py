import yaml


def load(text):
    return yaml.safe_load(text)


def dump(value):
    return yaml.safe_dump(value)
