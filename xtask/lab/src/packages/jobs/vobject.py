import vobject


def cards(given={"fn": "Ada Žlutá", "email": "ada@a.org"}):
    """Writes a card and reads it."""
    card = vobject.vCard()
    for name, value in given.items():
        card.add(name).value = value
    card.add("n").value = vobject.vcard.Name(family="Žlutá", given="Ada")
    text = card.serialize()
    return [text, vobject.readOne(text).email.value]
