from slugify import slugify


def slugs(given=["Příliš žluťoučký kůň", "影師嗎", "C'est déjà l'été.", "___This is a test___"]):
    """Makes slugs of texts."""
    return [
        [
            slugify(text),
            slugify(text, separator="_", max_length=12, word_boundary=True),
            slugify(text, allow_unicode=True),
        ]
        for text in given
    ]
