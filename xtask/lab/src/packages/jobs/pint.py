import pint


def units(given=["3 km/h", "5 kg * m / s**2", "20 degC", "1 furlong"]):
    """Converts units, which it reads from its data."""
    registry = pint.UnitRegistry(cache_folder=None)
    speed = registry.Quantity(given[0])
    try:
        speed.to("kg")
        refused = None
    except pint.DimensionalityError as error:
        refused = str(error)
    return [
        f"{speed.to('m/s'):.6f}",
        str(registry.Quantity(given[1]).to("newton")),
        str(registry.Quantity(20, "degC").to("kelvin")),
        f"{registry.Quantity(given[3]).to('m'):.3f}",
        refused,
        f"{speed:~P}",
    ]
