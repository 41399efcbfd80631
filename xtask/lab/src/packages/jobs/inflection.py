import inflection


def words(given=["active_model", "DeviceType", "octopus", "person", "post_id"]):
    """Changes words between forms and styles."""
    return [
        [
            function(word)
            for function in (
                inflection.camelize,
                inflection.underscore,
                inflection.pluralize,
                inflection.singularize,
                inflection.humanize,
                inflection.titleize,
                inflection.tableize,
            )
        ]
        for word in given
    ]
