from injector import Injector, Module, inject, provider, singleton


class Config:
    def __init__(self, name: str = ""):
        self.name = name


class Service:
    @inject
    def __init__(self, config: Config):
        self.config = config


def injected(given="ada"):
    """Injects what objects depend on."""

    class Settings(Module):
        @singleton
        @provider
        def config(self) -> Config:
            return Config(given)

    injector = Injector([Settings()])
    first, second = injector.get(Service), injector.get(Service)
    return [first.config.name, first.config is second.config, first is second]
