import strictyaml as sy


def checked(given=["a: 1\nb:\n- x # note\n", "a: x\nb: []\n", "a: 1\nb: {x: 1}\n"]):
    """Reads YAML by a schema, and says where it is wrong."""
    schema = sy.Map({"a": sy.Int(), "b": sy.Seq(sy.Str())})
    results = []
    for text in given:
        try:
            results.append(sy.load(text, schema).data)
        except sy.YAMLError as error:
            results.append(str(error))
    return results
