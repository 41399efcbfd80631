from datetime import date, timedelta

from babel import Locale, dates, lists, numbers, units


def localised(given=["en_US", "cs_CZ", "de_DE", "ja_JP", "ar_EG"]):
    """Formats dates, numbers, currencies and lists for countries."""
    day = date(2026, 2, 3)
    return [
        [
            dates.format_date(day, "full", locale=code),
            numbers.format_currency(1234.5, "EUR", locale=code),
            numbers.format_decimal(1234567.891, locale=code),
            dates.format_timedelta(timedelta(days=3), locale=code),
            lists.format_list(["a", "b", "c"], locale=code),
            units.format_unit(2, "length-meter", locale=code),
            Locale.parse(code).get_display_name("en"),
        ]
        for code in given
    ]


def catalogues(given={"Hello": "Ahoj", "%(n)s file": "%(n)s soubor"}):
    """Extracts texts from Python, and writes and reads catalogues."""
    import gettext
    import io

    from babel.messages.catalog import Catalog
    from babel.messages.extract import extract_python
    from babel.messages.mofile import write_mo

    source = io.BytesIO(b"print(_('Hello'), ngettext('a', 'b', n))")
    found = [
        [line, name, messages]
        for line, name, messages, _ in extract_python(source, ["_", "ngettext"], [], {})
    ]
    catalogue, output = Catalog(locale="cs"), io.BytesIO()
    for text, translated in given.items():
        catalogue.add(text, translated)
    write_mo(output, catalogue)
    output.seek(0)
    return [found, gettext.GNUTranslations(output).gettext("Hello"), catalogue.num_plurals]
