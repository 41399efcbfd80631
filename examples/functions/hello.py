def greet(person):
    return f"Hello, {person['name']}!"
