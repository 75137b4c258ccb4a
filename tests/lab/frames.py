"""frames.py END END [LOSS [plain-pxe]]: a wire that carries Ethernet frames both ways until killed.

An END is a network interface, read and written by a packet socket, or the number of an inherited
datagram socket (QEMU's "dgram" network holds the other end). LOSS percent of the frames of each way
vanish. With plain-pxe, what a network boot ROM sends is altered: see plain_pxe.py. It stands
in for a tap device where /dev/net/tun is missing, and for netem, which not every kernel has. The
kernel must not leave checksums or segmentation to the interfaces.
"""

import contextlib
import random
import selectors
import socket
import struct
import sys

if __package__:
    from .plain_pxe import hide_ipxe
else:
    from plain_pxe import hide_ipxe

ETH_P_ALL = 3
SOL_PACKET, PACKET_ADD_MEMBERSHIP, PACKET_MR_PROMISC = 263, 1, 1
BUFFER = 8 << 20  # bytes


def open_end(name):
    """The socket of an END."""
    if name.isdigit():
        end = socket.socket(fileno=int(name))
    else:
        end = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_P_ALL))
        end.bind((name, 0))
        end.setsockopt(SOL_PACKET, PACKET_ADD_MEMBERSHIP, struct.pack(
            "iHH8s", socket.if_nametoindex(name), PACKET_MR_PROMISC, 0, b""))
    end.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, BUFFER)
    end.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, BUFFER)
    return end


def carry(left, right, loss, alter):
    """Copies frames between two sockets. A frame that can't be delivered is lost, too."""
    chance = random.Random(1)  # the same losses in every run, as far as the traffic is the same
    ready = selectors.DefaultSelector()
    ready.register(left, selectors.EVENT_READ, right)
    ready.register(right, selectors.EVENT_READ, left)
    while True:
        for key, _ in ready.select():
            frame, sender = key.fileobj.recvfrom(65536)
            is_ours = key.fileobj.family == socket.AF_PACKET and sender[2] == socket.PACKET_OUTGOING
            if not is_ours and chance.random() * 100 >= loss:
                with contextlib.suppress(OSError):
                    key.data.send(alter(frame))


if __name__ == "__main__":
    lost = float((sys.argv[3:] or ["0"])[0])
    carry(open_end(sys.argv[1]), open_end(sys.argv[2]), lost,
          hide_ipxe if "plain-pxe" in sys.argv[4:] else lambda frame: frame)
