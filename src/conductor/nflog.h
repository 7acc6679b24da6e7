/* SPDX-License-Identifier: MIT */
/* What the kernel's log group says of packets: netlink messages read, headers of IPv4 taken apart. */
#ifndef BARMKIN_CONDUCTOR_NFLOG_H
#define BARMKIN_CONDUCTOR_NFLOG_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct nflog_packet {
    char verdict; /* 'a': accepted; 'o': refused on its way out of the sender; 'i': refused by the receiver */
    uint32_t src, dst;
    uint16_t src_port, dst_port;
    uint8_t proto, tcp_flags;
    uint32_t bytes;
};

/* Calls `each` for every packet of what one recv() gave; what is malformed is passed over. */
void nflog_read(const void *data, size_t n, void (*each)(void *arg, const struct nflog_packet *p), void *arg);

#endif
