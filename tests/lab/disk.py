"""A disk that a BIOS can boot: its boot sector says on the serial line that it runs."""

SAYS = "DISK-RUNS"
SECTOR, SIZE = 512, 1 << 20  # bytes

# 16-bit code, loaded at 0x7c00: writes the text behind it to the first serial port, then halts.
CODE = bytes.fromhex(
    "fa"        # cli
    "31c0"      # xor ax, ax
    "8ed8"      # mov ds, ax
    "be147c"    # mov si, text
    "baf803"    # mov dx, 0x3f8
    "ac"        # next: lodsb
    "08c0"      # or al, al
    "7403"      # jz stop
    "ee"        # out dx, al
    "ebf8"      # jmp next
    "f4"        # stop: hlt
)


def image():
    """The disk's bytes."""
    sector = (CODE + f"\r\n{SAYS}\r\n\0".encode("ascii")).ljust(SECTOR - 2, b"\0") + b"\x55\xaa"
    return sector.ljust(SIZE, b"\0")
