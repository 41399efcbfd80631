"""What the host offers."""

from wit_wire_guest.calls.context import HostcallError
