from flask import Flask, abort, jsonify, render_template_string, request, session

app = Flask("job", root_path="/tmp")
app.secret_key = "k"


@app.route("/hi/<name>")
def _hi(name):
    session["n"] = session.get("n", 0) + 1
    return render_template_string("<b>{{ name }}</b> {{ n }}", name=name, n=session["n"])


@app.post("/sum")
def _sum():
    numbers = request.get_json()
    if not numbers:
        abort(422, "nothing")
    return jsonify(sum=sum(numbers))


@app.errorhandler(422)
def _wrong(error):
    return {"error": error.description}, 422


def served(given=[1, 2, 3]):
    """Serves templates, JSON, sessions and errors to its test client."""
    client = app.test_client()
    answers = [
        client.get("/hi/<x>"),
        client.get("/hi/y"),
        client.post("/sum", json=given),
        client.post("/sum", json=[]),
        client.get("/no"),
        client.post("/sum", data="x"),
    ]
    return [[answer.status_code, answer.get_data(as_text=True)] for answer in answers]
