import emoji


def names(given="Python is :thumbs_up: 👍🏽 and 👩‍🚀"):
    """Names symbols and finds them."""
    return [
        emoji.emojize(given),
        emoji.demojize(given),
        emoji.emoji_count(given),
        emoji.replace_emoji(given, "!"),
        [found["match_start"] for found in emoji.emoji_list(given)],
        emoji.demojize("👍", language="de"),
    ]
