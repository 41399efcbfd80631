import chevron


def templates(given={"name": "<Ada>", "items": [{"n": 1}, {"n": 2}], "none": []}):
    """Renders Mustache's templates, with partials."""
    text = "{{name}} {{{name}}}{{#items}} {{n}}{{>dot}}{{/items}}{{^none}} empty{{/none}}"
    return chevron.render(text, given, partials_dict={"dot": "."})
