import io

import bottle


def application(given=["/hi/Ada", "/hi/1/2", "/boom"]):
    """Answers requests, with templates and errors."""
    app = bottle.Bottle()

    @app.route("/hi/<name>")
    def hello(name):
        bottle.response.set_header("X-Name", name)
        return bottle.template("<b>{{name}}</b>\n% for n in range(2):\n{{n}}\n% end", name=name)

    @app.route("/boom")
    def boom():
        bottle.abort(418, "short and stout")

    results = []
    for path in given:
        environ = {
            "PATH_INFO": path,
            "REQUEST_METHOD": "GET",
            "wsgi.errors": io.StringIO(),
            "wsgi.input": io.BytesIO(),
        }
        told = []
        body = b"".join(app(environ, lambda status, headers, *more: told.append(status)))
        results.append(
            [told[0], body.decode() if told[0].startswith("200") else "stout" in body.decode()]
        )
    return results
