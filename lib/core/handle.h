/* handle.h - the word each public object begins with, so that a stale or wrong pointer is an error. */
#ifndef AIGNE_CORE_HANDLE_H
#define AIGNE_CORE_HANDLE_H

enum handle_magic {
    HANDLE_CONFIG = 0x41474346,
    HANDLE_MODEL = 0x41474d4f,
    HANDLE_HUB = 0x41474855,
    HANDLE_LOOP = 0x41474c4f,
    HANDLE_CALL = 0x41474341,
    HANDLE_REPLY = 0x41475245,
    HANDLE_ERROR = 0x41474552,
    HANDLE_DEAD = 0x44454144
};

#endif
