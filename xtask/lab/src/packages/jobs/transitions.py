from transitions import Machine, MachineError


def states(given=["melt", "evaporate", "melt"]):
    """Runs a machine of states, with conditions and callbacks."""
    log = []

    class Matter:
        def on_enter_gas(self):
            log.append("gas!")

    matter = Matter()
    Machine(
        matter,
        ["solid", "liquid", "gas"],
        transitions=[["melt", "solid", "liquid"], ["evaporate", "liquid", "gas"]],
        initial="solid",
    )
    for trigger in given:
        try:
            matter.trigger(trigger)
            log.append(matter.state)
        except MachineError as error:
            log.append(str(error))
    return log
