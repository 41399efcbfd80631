from marshmallow import Schema, ValidationError, fields, post_load, validate


class User(Schema):
    name = fields.Str(required=True, validate=validate.Length(min=2))
    born = fields.Date()
    email = fields.Email()
    friends = fields.List(fields.Nested(lambda: User(only=("name",))))
    full = fields.Method("initial", dump_only=True)

    def initial(self, user):
        return user["name"][0]

    @post_load
    def lower(self, data, **options):
        return {**data, "name": data["name"].lower()}


def loaded(
    given=[
        {"name": "Ada", "born": "1815-12-10", "friends": [{"name": "Babbage"}]},
        {"name": "A", "email": "x", "y": 1},
    ]
):
    """Reads and writes objects by a schema, and tells all that is wrong."""
    results = []
    for data in given:
        try:
            user = User().load(data)
            results.append([sorted(user), User().dump(user)])
        except ValidationError as error:
            results.append(error.normalized_messages())
    return results
