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

/* Begin an HTTP exchange with a hub
 *
 * `target` is the request target with its query ("/v1/models?limit=2"). `headers` is a block of
 * "Name: value" lines ended by LF or CRLF. The body follows with aigne_gateway_write() and
 * aigne_gateway_end(), which every exchange needs, also one without a body.
 *
 * The answer is taken with aigne_call_next(): one AIGNE_EV_HEAD, whose index is the status and whose
 * data are header lines ended by CRLF, then AIGNE_EV_BYTES until AIGNE_OK. What is wrong with the
 * request becomes an HTTP answer in the format the client speaks, not an error here. A negative code
 * after the head means that the answer breaks off: close the connection without a proper end.
 *
 * Return: AIGNE_OK, or a negative code.
 * Threads: the thread that uses `loop`, which is needed here.
 * Owner: `*out` is yours: aigne_call_free(). It is NULL after a failure.
 * Example:
 *     #include <string.h>
 *
 *     int ask_for_models(aigne_hub *hub, aigne_loop *loop, aigne_call **out)
 *     {
 *         const char *target = "/v1/models";
 *         const char *headers = "Authorization: Bearer aigne-...\r\n";
 *         int rc = aigne_gateway_start(hub, loop, "GET", target, strlen(target), headers,
 *                                      strlen(headers), out, NULL);
 *         return rc < 0 ? rc : aigne_gateway_end(*out, NULL);
 *     }
 */
AIGNE_API int aigne_gateway_start(aigne_hub *h, aigne_loop *loop, const char *method,
                                  const char *target, size_t target_len, const char *headers,
                                  size_t headers_len, aigne_call **out, aigne_error **err);

/* The next piece of an exchange's request body
 *
 * Pieces may be of any size and are put together in the order given. A body larger than the hub's
 * bodyLimit is answered with 413 as soon as that is known.
 *
 * Return: AIGNE_OK: go on; AIGNE_AGAIN: the answer is already decided (too large, unauthorised): what
 * follows is ignored and may be dropped; or a negative code.
 * Threads: the thread that uses the exchange's loop.
 * Owner: the piece is copied.
 * Example:
 *     int send_body(aigne_call *exchange, const char *body, size_t len)
 *     {
 *         int rc = aigne_gateway_write(exchange, body, len, NULL);
 *         return rc < 0 ? rc : aigne_gateway_end(exchange, NULL);
 *     }
 */
AIGNE_API int aigne_gateway_write(aigne_call *exchange, const char *data, size_t len,
                                  aigne_error **err);

/* The request body of an exchange is complete
 *
 * Needed once for every exchange, also for one without a body: only now is the request looked at as a
 * whole and carried out.
 *
 * Return: AIGNE_OK, or a negative code.
 * Threads: the thread that uses the exchange's loop.
 * Owner: nothing changes hands.
 * Example:
 *     #include <stdio.h>
 *
 *     int print_answer(aigne_call *exchange)
 *     {
 *         aigne_event ev;
 *         int rc = aigne_gateway_end(exchange, NULL);
 *         while (rc >= 0 && (rc = aigne_call_next(exchange, -1, &ev, NULL)) == AIGNE_EVENT) {
 *             if (ev.kind == AIGNE_EV_HEAD)
 *                 printf("HTTP/1.1 %d\r\n%.*s\r\n", (int)ev.index, (int)ev.len, ev.data);
 *             else if (ev.kind == AIGNE_EV_BYTES)
 *                 fwrite(ev.data, 1, ev.len, stdout);
 *         }
 *         return rc;
 *     }
 */
AIGNE_API int aigne_gateway_end(aigne_call *exchange, aigne_error **err);

#ifdef __cplusplus
}
#endif
#endif /* AIGNEHUB_GATEWAY_H */
