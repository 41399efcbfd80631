import io

from pypdf import PdfReader, PdfWriter
from pypdf.generic import RectangleObject


def written(given=["One", "Two"]):
    """Writes a PDF with outline and metadata, encrypts it and reads it."""
    writer = PdfWriter()
    for title in given:
        page = writer.add_blank_page(200, 100)
        writer.add_outline_item(title, page.page_number)
    writer.add_metadata({"/Title": "žluť"})
    writer.pages[0].mediabox = RectangleObject((0, 0, 50, 60))
    writer.encrypt("secret", algorithm="RC4-128")
    file = io.BytesIO()
    writer.write(file)
    reader = PdfReader(file)
    opened = int(reader.decrypt("secret"))
    return [
        opened,
        len(reader.pages),
        reader.metadata.title,
        [item.title for item in reader.outline],
        [float(n) for n in reader.pages[0].mediabox],
    ]
