"""A stand-in for termios: no descriptor is a terminal. The numbers are Linux's."""

import errno as _errno


class error(Exception):  # noqa: N818
    __module__ = "termios"


for _names, _numbers in {
    "TCSANOW TCSADRAIN TCSAFLUSH": range(3),
    "TCIFLUSH TCOFLUSH TCIOFLUSH": range(3),
    "TCOOFF TCOON TCIOFF TCION": range(4),
    "VINTR VQUIT VERASE VKILL VEOF VTIME VMIN VSWTC VSTART VSTOP VSUSP VEOL VREPRINT VDISCARD VWERASE VLNEXT VEOL2": range(17),
    "IGNBRK BRKINT IGNPAR PARMRK INPCK ISTRIP INLCR IGNCR ICRNL IUCLC IXON IXANY IXOFF IMAXBEL IUTF8": (1 << n for n in range(15)),
    "OPOST OLCUC ONLCR OCRNL ONOCR ONLRET OFILL OFDEL": (1 << n for n in range(8)),
    "ISIG ICANON XCASE ECHO ECHOE ECHOK ECHONL NOFLSH TOSTOP ECHOCTL ECHOPRT ECHOKE FLUSHO": (1 << n for n in range(13)),
    "B0 B50 B75 B110 B134 B150 B200 B300 B600 B1200 B1800 B2400 B4800 B9600 B19200 B38400": range(16),
    "B57600 B115200 B230400 B460800 B500000 B576000 B921600 B1000000": range(0x1001, 0x1009),
    "TCGETS TCSETS TCSETSW TCSETSF": range(0x5401, 0x5405),
    "CS5 CS6 CS7 CS8": (0, 16, 32, 48),
    "CSTOPB CREAD PARENB PARODD HUPCL CLOCAL": (64 << n for n in range(6)),
    "PENDIN IEXTEN CSIZE CRTSCTS CBAUD": (0x4000, 0x8000, 48, 0x80000000, 0x100F),
    "TIOCGWINSZ TIOCSWINSZ TIOCGPGRP TIOCSPGRP TIOCSCTTY TIOCNOTTY TIOCSTI FIONREAD TIOCOUTQ": (
        0x5413, 0x5414, 0x540F, 0x5410, 0x540E, 0x5422, 0x5412, 0x541B, 0x5411,
    ),
}.items():  # fmt: skip
    globals().update(zip(_names.split(), _numbers, strict=True))
NCCS = 32
FIONBIO, TIOCINQ, VSWTCH = 0x5421, 0x541B, 7
NL0 = CR0 = TAB0 = BS0 = VT0 = FF0 = 0


def _refuse(fd, *args):
    raise error(_errno.ENOTTY, "there are no terminals in the sandbox")


tcgetattr = tcsetattr = tcsendbreak = tcdrain = tcflush = tcflow = tcgetwinsize = tcsetwinsize = (
    _refuse
)
