class MatWire:
    pass
