import simpy


def simulated(given=4):
    """Simulates cars that wait for two chargers."""
    environment, log = simpy.Environment(), []
    chargers = simpy.Resource(environment, capacity=2)

    def car(name):
        yield environment.timeout(name * 2)
        with chargers.request() as request:
            outcome = yield request | environment.timeout(3)
            if request not in outcome:
                log.append([name, environment.now, "left"])
                return
            yield environment.timeout(9)
            log.append([name, environment.now, "charged"])

    for name in range(given):
        environment.process(car(name))
    environment.run()
    return log
