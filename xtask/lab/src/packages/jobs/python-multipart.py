import io

from python_multipart import parse_form

BODY = b'--b\r\nContent-Disposition: form-data; name="a"\r\n\r\n1\r\n--b\r\nContent-Disposition: form-data; name="f"; filename="x.txt"\r\nContent-Type: text/plain\r\n\r\ndata\r\n--b--\r\n'


def forms(given="multipart/form-data; boundary=b"):
    """Reads forms with files."""
    fields, files = [], []

    def keep(file):
        file.file_object.seek(0)
        files.append([file.file_name.decode(), file.file_object.read().decode()])

    parse_form(
        {"Content-Type": given.encode()},
        io.BytesIO(BODY),
        lambda field: fields.append([field.field_name.decode(), field.value.decode()]),
        keep,
    )
    return [fields, files]
