/* Knows how a CRC-32 (IEEE, reflected) is summed up; refuses to know of what. */
#include "text/crc32.h"

/* The sum is linear, so the table's entry for a byte is made of those for its bits. */
#define BIT(i, n, value) (((i) >> (n)&1u) ? (value) : 0u)
#define ENTRY(i, a, b, c, d, e, f, g, h)                                                       \
    (BIT(i, 0, a) ^ BIT(i, 1, b) ^ BIT(i, 2, c) ^ BIT(i, 3, d) ^ BIT(i, 4, e) ^ BIT(i, 5, f) ^ \
     BIT(i, 6, g) ^ BIT(i, 7, h))
#define FOUR(i, ...)                                                                           \
    ENTRY((i), __VA_ARGS__), ENTRY((i) + 1u, __VA_ARGS__), ENTRY((i) + 2u, __VA_ARGS__),       \
        ENTRY((i) + 3u, __VA_ARGS__)
#define SIXTEEN(i, ...)                                                                        \
    FOUR((i), __VA_ARGS__), FOUR((i) + 4u, __VA_ARGS__), FOUR((i) + 8u, __VA_ARGS__),          \
        FOUR((i) + 12u, __VA_ARGS__)
#define SIXTY_FOUR(i, ...)                                                                     \
    SIXTEEN((i), __VA_ARGS__), SIXTEEN((i) + 16u, __VA_ARGS__),                                \
        SIXTEEN((i) + 32u, __VA_ARGS__), SIXTEEN((i) + 48u, __VA_ARGS__)
#define TABLE(...)                                                                             \
    {                                                                                          \
        SIXTY_FOUR(0u, __VA_ARGS__), SIXTY_FOUR(64u, __VA_ARGS__),                             \
            SIXTY_FOUR(128u, __VA_ARGS__), SIXTY_FOUR(192u, __VA_ARGS__)                       \
    }

/* What a byte does to the sum. */
static const uint32_t table[256] = TABLE(0x77073096u, 0xEE0E612Cu, 0x076DC419u, 0x0EDB8832u,
                                         0x1DB71064u, 0x3B6E20C8u, 0x76DC4190u, 0xEDB88320u);

uint32_t crc32_of(uint32_t before, struct slice bytes)
{
    uint32_t sum = ~before;
    for (size_t i = 0; i < bytes.n; i++)
        sum = sum >> 8 ^ table[(sum ^ (unsigned char)bytes.p[i]) & 255];
    return ~sum;
}
