/* Knows how a CRC-32 (IEEE, reflected) is summed up; refuses to know of what. */
#include "text/crc32.h"

/* What four bits do to the sum. */
static const uint32_t table[16] = {0x00000000u, 0x1DB71064u, 0x3B6E20C8u, 0x26D930ACu,
                                   0x76DC4190u, 0x6B6B51F4u, 0x4DB26158u, 0x5005713Cu,
                                   0xEDB88320u, 0xF00F9344u, 0xD6D6A3E8u, 0xCB61B38Cu,
                                   0x9B64C2B0u, 0x86D3D2D4u, 0xA00AE278u, 0xBDBDF21Cu};

uint32_t crc32_of(uint32_t before, struct slice bytes)
{
    uint32_t sum = ~before;
    for (size_t i = 0; i < bytes.n; i++) {
        sum ^= (unsigned char)bytes.p[i];
        sum = sum >> 4 ^ table[sum & 15];
        sum = sum >> 4 ^ table[sum & 15];
    }
    return ~sum;
}
