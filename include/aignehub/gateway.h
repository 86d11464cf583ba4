/* gateway.h - the hub as HTTP, without sockets: a request in, a head and body pieces out.
 *
 * The host moves bytes between its own web server and these functions; paths, access keys, formats,
 * errors and streaming are handled here. An exchange is an ordinary aigne_call: drive its loop, take
 * its events with aigne_call_next (AIGNE_EV_HEAD once, then AIGNE_EV_BYTES until AIGNE_OK), end it
 * with aigne_call_free. Freeing it early tells the hub that the client has gone. The six rules of
 * aignehub.h hold here too. */
#ifndef AIGNEHUB_GATEWAY_H
#define AIGNEHUB_GATEWAY_H

#include <aignehub/aignehub.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Begin an exchange. `target` is the request target with its query ("/v1/models?limit=2"). `headers`
 * is a block of "Name: value" lines ended by LF or CRLF. The body follows with aigne_gateway_write
 * and aigne_gateway_end, which every exchange needs, also one without a body. Fails only for lack of
 * memory or a broken rule: what is wrong with the request becomes an HTTP answer. */
AIGNE_API int aigne_gateway_start(aigne_hub *h, aigne_loop *loop, const char *method,
                                  const char *target, size_t target_len, const char *headers,
                                  size_t headers_len, aigne_call **out, aigne_error **err);

/* The next piece of the request's body, copied. AIGNE_OK: go on; AIGNE_AGAIN: the answer is already
 * decided (too large, unauthorised): what follows is ignored and may be dropped. */
AIGNE_API int aigne_gateway_write(aigne_call *exchange, const char *data, size_t len,
                                  aigne_error **err);

/* The body is complete. */
AIGNE_API int aigne_gateway_end(aigne_call *exchange, aigne_error **err);

#ifdef __cplusplus
}
#endif
#endif /* AIGNEHUB_GATEWAY_H */
