"""Finds no library: there are none."""


def find_library(name):
    return None

