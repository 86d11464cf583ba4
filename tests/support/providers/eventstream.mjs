// Knows how a message of Amazon's event streams is written; refuses to know what it says.
import zlib from 'node:zlib';

// Node 18 has no crc32 of its own.
const sum = zlib.crc32 ?? ((bytes) => {
  let c = ~0;
  for (const b of bytes) {
    c ^= b;
    for (let k = 0; k < 8; k++) c = (c >>> 1) ^ (0xedb88320 & -(c & 1));
  }
  return ~c >>> 0;
});

function header(name, value) {
  const head = Buffer.from([name.length]), type = Buffer.from([7, value.length >> 8, value.length & 255]);
  return Buffer.concat([head, Buffer.from(name), type, Buffer.from(value)]);
}

/* `kind` is "event" or "exception"; the payload is JSON, padded as Amazon pads it. */
export function message(kind, name, payload) {
  const headers = Buffer.concat([header(`:${kind}-type`, name), header(':content-type', 'application/json'), header(':message-type', kind)]);
  const padded = kind === 'event' ? { ...payload, p: 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJ'.slice(0, 3 + (JSON.stringify(payload).length % 30)) } : payload;
  const body = Buffer.from(JSON.stringify(padded));
  const out = Buffer.alloc(16 + headers.length + body.length);
  out.writeUInt32BE(out.length, 0);
  out.writeUInt32BE(headers.length, 4);
  out.writeUInt32BE(sum(out.subarray(0, 8)), 8);
  headers.copy(out, 12);
  body.copy(out, 12 + headers.length);
  out.writeUInt32BE(sum(out.subarray(0, out.length - 4)), out.length - 4);
  out.event = name;
  return out;
}

/* The same with one bit turned, in the prelude or behind it. */
export function damaged(frame, at) {
  const copy = Buffer.from(frame);
  copy[at < 0 ? copy.length + at : at] ^= 1;
  return copy;
}
