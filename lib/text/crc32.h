/* crc32.h - the checksum of zip, PNG and Amazon's event streams. */
#ifndef AIGNE_TEXT_CRC32_H
#define AIGNE_TEXT_CRC32_H

#include "base/slice.h"
#include <stdint.h>

/* Of `bytes`, after the bytes whose sum is `before` (0: none). */
uint32_t crc32_of(uint32_t before, struct slice bytes);

#endif
