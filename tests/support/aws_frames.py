#!/usr/bin/env python3
"""Writes a stream of Amazon's binary messages, for transcripts: lines of "NAME PAYLOAD" on the standard
input become messages on the standard output. "!NAME PAYLOAD" is an exception, "!!NAME TEXT" an error."""
import struct
import sys
import zlib


def header(name, value):
    name, value = name.encode(), value.encode()
    return bytes([len(name)]) + name + b'\x07' + struct.pack('>H', len(value)) + value


def message(line):
    name, _, payload = line.rstrip('\n').partition(' ')
    kind = 'error' if name.startswith('!!') else 'exception' if name.startswith('!') else 'event'
    name = name.lstrip('!')
    if kind == 'error':
        headers = header(':error-code', name) + header(':error-message', payload)
        payload = ''
    else:
        headers = header(f':{kind}-type', name) + header(':content-type', 'application/json')
    headers += header(':message-type', kind)
    body = payload.encode()
    prelude = struct.pack('>II', 16 + len(headers) + len(body), len(headers))
    whole = prelude + struct.pack('>I', zlib.crc32(prelude)) + headers + body
    return whole + struct.pack('>I', zlib.crc32(whole))


if __name__ == '__main__':
    for text in sys.stdin:
        if text.strip():
            sys.stdout.buffer.write(message(text))
