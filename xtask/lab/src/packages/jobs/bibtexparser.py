import bibtexparser


def entries(
    given="@article{a1, author = {Ada Lovelace and B. C}, title = {{The} Engine}, year = 1843}\n@string{x = {y}}",
):
    """Reads and writes entries of literature."""
    library = bibtexparser.parse_string(given)
    fields = [[entry.key, entry.entry_type, sorted(entry.fields_dict)] for entry in library.entries]
    return [fields, library.strings_dict["x"].value, bibtexparser.write_string(library)]
