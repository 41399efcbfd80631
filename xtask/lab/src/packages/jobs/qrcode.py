import io

import qrcode
import qrcode.image.svg


def codes(given="https://example.org/ž"):
    """Draws a code as text and as SVG."""
    code = qrcode.QRCode(border=1)
    code.add_data(given)
    code.make()
    output, image = io.StringIO(), io.BytesIO()
    code.print_ascii(out=output)
    qrcode.make(given, image_factory=qrcode.image.svg.SvgPathImage).save(image)
    return [output.getvalue(), code.version, len(image.getvalue())]
