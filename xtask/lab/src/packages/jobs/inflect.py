import inflect


def words(given=["cat", "knife", "child", "octopus", "analysis"]):
    """Inflects English words and writes numbers."""
    engine = inflect.engine()
    return [
        [
            engine.plural(word),
            engine.a(word),
            engine.present_participle(word),
            engine.singular_noun(engine.plural(word)),
        ]
        for word in given
    ] + [engine.number_to_words(1234567), engine.ordinal(23), engine.join(given)]
