import platformdirs


def folders(given="App"):
    """Says where files belong."""
    return [
        type(platformdirs.user_cache_dir(given)).__name__,
        platformdirs.user_config_path(given, "Me").name,
    ]
