from apispec import APISpec
from apispec.ext.marshmallow import MarshmallowPlugin
from marshmallow import Schema, fields


class Pet(Schema):
    id = fields.Int(dump_only=True)
    name = fields.Str(required=True, metadata={"description": "What it is called."})


def described(given="Pets"):
    """Describes an interface and its schemas as OpenAPI."""
    spec = APISpec(title=given, version="1", openapi_version="3.0.3", plugins=[MarshmallowPlugin()])
    spec.path(
        "/pets",
        operations={
            "get": {
                "responses": {"200": {"content": {"application/json": {"schema": Pet(many=True)}}}}
            }
        },
    )
    return [spec.to_dict(), spec.to_yaml()]
