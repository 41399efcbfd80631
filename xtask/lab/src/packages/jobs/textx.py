from textx import TextXSyntaxError, metamodel_from_str

GRAMMAR = "Model: commands+=Command; Command: 'go' direction=Direction steps=INT?; Direction: 'up' | 'down';"


def models(given=["go up 3 go down", "go left"]):
    """Makes a language of a grammar, and objects of its texts."""
    language, results = metamodel_from_str(GRAMMAR), []
    for text in given:
        try:
            results.append(
                [
                    [command.direction, command.steps]
                    for command in language.model_from_str(text).commands
                ]
            )
        except TextXSyntaxError as error:
            results.append([error.line, error.col])
    return results
