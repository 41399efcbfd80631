import io

from werkzeug.exceptions import HTTPException
from werkzeug.routing import Map, Rule
from werkzeug.security import check_password_hash, generate_password_hash
from werkzeug.test import Client, EnvironBuilder
from werkzeug.wrappers import Request, Response


def passwords(given="secret"):
    """Hashes passwords with scrypt and PBKDF2."""
    hashes = [
        generate_password_hash(given, method)
        for method in ("scrypt:1024:8:1", "pbkdf2:sha256:1000")
    ]
    return [
        [check_password_hash(each, given), check_password_hash(each, "x"), each.split("$")[0]]
        for each in hashes
    ]


def routed(given=["/user/7", "/user/x", "/files/a/b.txt", "/user/7/"]):
    """Routes addresses and builds them."""
    rules = Map(
        [Rule("/user/<int:id>", endpoint="user"), Rule("/files/<path:name>", endpoint="file")]
    )
    adapter = rules.bind("a.org")
    results = [adapter.build("file", {"name": "ž x"})]
    for path in given:
        try:
            results.append(adapter.match(path))
        except HTTPException as error:
            results.append(error.code)
    return results


def application(given={"name": "Ada"}):
    """Serves requests with forms, files and cookies."""

    @Request.application
    def app(request):
        response = Response(
            f"{request.method} {request.form['name']} {request.files['f'].read().decode()}"
        )
        response.set_cookie("seen", "1", httponly=True)
        return response

    answer = Client(app).post("/x?q=1", data={**given, "f": (io.BytesIO(b"data"), "a.txt")})
    return [
        answer.status,
        answer.text,
        answer.headers["Set-Cookie"],
        EnvironBuilder(path="/ž").get_environ()["PATH_INFO"],
    ]
