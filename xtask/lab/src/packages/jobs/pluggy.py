import pluggy

_spec, _impl = pluggy.HookspecMarker("demo"), pluggy.HookimplMarker("demo")


class Spec:
    @_spec
    def change(self, text):
        """Changes a text."""


class Upper:
    @_impl(trylast=True)
    def change(self, text):
        return text.upper()


class Around:
    @_impl(wrapper=True)
    def change(self, text):
        results = yield
        return [*results, "wrapped"]


class Reverse:
    @_impl
    def change(self, text):
        return text[::-1]


def hooks(given="abc"):
    """Calls plugins' hooks in their order, with one around them."""
    manager = pluggy.PluginManager("demo")
    manager.add_hookspecs(Spec)
    for plugin in (Upper(), Around(), Reverse()):
        manager.register(plugin)
    return manager.hook.change(text=given)
