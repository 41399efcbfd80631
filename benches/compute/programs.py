"""Twelve small programs that compute, and how fast one of them is."""

import json
import math
import re
import time


def fib():
    def of(n):
        return n if n < 2 else of(n - 1) + of(n - 2)

    return of(18)


def nbody():
    bodies = [
        ([0.0, 0.0, 0.0], [0.0, 0.0, 0.0], 39.47),
        ([4.84, -1.16, -0.10], [0.6, 2.81, -0.02], 0.037),
        ([8.34, 4.12, -0.4], [-1.01, 1.8, 0.008], 0.011),
        ([12.89, -15.11, -0.22], [1.08, 0.86, -0.01], 0.0017),
        ([15.37, -25.9, 0.17], [0.97, 0.59, -0.03], 0.002),
    ]
    pairs = [(a, b) for i, a in enumerate(bodies) for b in bodies[i + 1 :]]
    for _ in range(300):
        for (p1, v1, m1), (p2, v2, m2) in pairs:
            dx = p1[0] - p2[0]
            dy = p1[1] - p2[1]
            dz = p1[2] - p2[2]
            mag = 0.01 * ((dx * dx + dy * dy + dz * dz) ** -1.5)
            a = m1 * mag
            b = m2 * mag
            v1[0] -= dx * b
            v1[1] -= dy * b
            v1[2] -= dz * b
            v2[0] += dx * a
            v2[1] += dy * a
            v2[2] += dz * a
        for p, v, _ in bodies:
            p[0] += 0.01 * v[0]
            p[1] += 0.01 * v[1]
            p[2] += 0.01 * v[2]
    # Powers may differ in the last digit.
    return round(bodies[0][0][0], 9)


def jsons():
    users = [
        {"id": i, "name": "user%d" % i, "tags": ["a", "b"], "score": i * 1.5} for i in range(40)
    ]
    value = {"users": users}
    for _ in range(60):
        text = json.dumps(value)
        value = json.loads(text)
    return len(text)


def regex():
    line = "alice@example.com, bob.smith@test.org; 2026-11-27 12:30:00 GET /index.html 200 "
    pattern = re.compile(r"[\w.]+@[\w.]+|\d{4}-\d\d-\d\d")
    return sum(len(pattern.findall(line * 20)) for _ in range(60))


def strings():
    parts = []
    for i in range(4000):
        parts.append(f"{i:05d}-{i * i}".upper().replace("-", "_"))
    return len("".join(parts).split("_"))


def dicts():
    sums = {}
    for i in range(20000):
        key = i % 997
        sums[key] = sums.get(key, 0) + i
    return sum(sums.values())


class Vector:
    __slots__ = ("x", "y")

    def __init__(self, x, y):
        self.x = x
        self.y = y

    def add(self, other):
        return Vector(self.x + other.x, self.y + other.y)


def objects():
    total = Vector(0, 0)
    step = Vector(1, 2)
    for _ in range(10000):
        total = total.add(step)
    return total.x


def sorting():
    numbers = [(i * 7919) % 10007 for i in range(10000)]
    return sorted(numbers, key=lambda number: -number)[0]


def generators():
    return sum(i * i for i in range(20000) if i % 3)


def bigint():
    return len(str(3**8000)) + (3**60000 % 10007)


def primes():
    size = 20000
    sieve = bytearray([1]) * (size + 1)
    for i in range(2, math.isqrt(size) + 1):
        if sieve[i]:
            sieve[i * i :: i] = bytes(len(range(i * i, size + 1, i)))
    return sum(sieve)


def mandel():
    size, inside = 40, 0
    for y in range(size):
        for x in range(size):
            z = 0
            c = complex(x / size * 3 - 2, y / size * 2 - 1)
            for _ in range(30):
                z = z * z + c
                if abs(z) > 2:
                    break
            else:
                inside += 1
    return inside


def best(name):
    """Seconds that the program takes, the best of seven runs, and its result."""
    program = globals()[name]
    seconds = []
    for _ in range(7):
        started = time.perf_counter()
        result = program()
        seconds.append(time.perf_counter() - started)
    return [min(seconds), result]
