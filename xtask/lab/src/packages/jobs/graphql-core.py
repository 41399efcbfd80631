from graphql import (
    GraphQLError,
    build_schema,
    graphql_sync,
    parse,
    print_ast,
    print_schema,
    validate,
)

SCHEMA = build_schema(
    "type Query { hello(name: String!): String, users: [User!]! } type User { id: ID! name: String }"
)


def queries(given=['{ hello(name: "Ada") users { id name } }', "{ nope }", "{ users { "]):
    """Answers queries, and says what is wrong with them."""

    class Root:
        users = [{"id": 1, "name": "x"}]

        def hello(self, info, name):
            return f"Hello {name}"

    results = []
    for text in given:
        result = graphql_sync(SCHEMA, text, Root())
        results.append([result.data, [error.formatted for error in result.errors or []]])
    return results


def documents(given="query Q($a: Int) { hello(name: $a) }"):
    """Validates and prints documents and a schema."""
    document = parse(given)
    return [
        print_ast(document),
        [error.message for error in validate(SCHEMA, document)],
        print_schema(SCHEMA),
        issubclass(GraphQLError, Exception),
    ]
