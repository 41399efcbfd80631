import wcwidth


def widths(given=["abc", "日本語", "é", "e\u0301", "👩‍🚀", "\x07", "ｱ"]):
    """Measures how wide texts are in a terminal."""
    return [[wcwidth.wcswidth(text), wcwidth.wcwidth(text[0])] for text in given]
