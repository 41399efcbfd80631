from blinker import Namespace


def signals(given=["a", "b"]):
    """Sends signals to those who listen."""
    signal, heard = Namespace().signal("done"), []

    @signal.connect
    def all_of_them(sender, **more):
        heard.append([sender, more])
        return len(heard)

    with signal.connected_to(lambda sender: "only a", sender="a"):
        results = [[value for _, value in signal.send(name)] for name in given]
    return [[sorted(map(str, values)) for values in results], heard, bool(signal.receivers)]
