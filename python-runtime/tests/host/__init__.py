"""What the host offers."""

from wit_wire_guest.context import HostcallError
