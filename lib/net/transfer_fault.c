/* Knows how to say in one sentence why a transfer failed; refuses to repeat URLs, which may hold keys. */
#define _GNU_SOURCE
#include "net/transfer_internal.h"
#include <aignehub/aignehub.h>
#include <string.h>

/* "host:port" of a URL: no user info, no path, no query. */
static struct slice authority_of(struct slice url)
{
    struct slice rest = slice_from(url, slice_find(url, SLICE("://")));
    rest = slice_from(rest, 3);
    size_t end = 0;
    while (end < rest.n && !strchr("/?#\\", rest.p[end]))
        end++;
    rest.n = end;
    size_t at = slice_find_byte(rest, '@');
    while (at < rest.n) {
        rest = slice_from(rest, at + 1);
        at = slice_find_byte(rest, '@');
    }
    return rest;
}

struct explanation {
    CURLcode code;
    int rc;
    const char *format; /* one %.*s: the peer */
    bool detailed;      /* libcurl's own words help here and hold no secret */
};

static const struct explanation explanations[] = {
    {CURLE_COULDNT_RESOLVE_HOST, AIGNE_E_NETWORK, "the name of %.*s could not be resolved",
     false},
    {CURLE_COULDNT_RESOLVE_PROXY, AIGNE_E_NETWORK,
     "the name of the proxy for %.*s could not be resolved", false},
    {CURLE_COULDNT_CONNECT, AIGNE_E_NETWORK, "could not connect to %.*s", false},
    {CURLE_OPERATION_TIMEDOUT, AIGNE_E_TIMEOUT, "connecting to %.*s took too long", false},
    {CURLE_GOT_NOTHING, AIGNE_E_NETWORK, "%.*s closed the connection without an answer", false},
    {CURLE_PARTIAL_FILE, AIGNE_E_NETWORK,
     "%.*s closed the connection in the middle of the answer", false},
    {CURLE_RECV_ERROR, AIGNE_E_NETWORK, "the connection to %.*s broke while receiving", false},
    {CURLE_SEND_ERROR, AIGNE_E_NETWORK, "the connection to %.*s broke while sending", false},
    {CURLE_PROXY, AIGNE_E_NETWORK, "the proxy for %.*s did not let the connection through",
     false},
    {CURLE_UNSUPPORTED_PROTOCOL, AIGNE_E_PROTOCOL, "%.*s does not speak HTTP", false},
    {CURLE_WEIRD_SERVER_REPLY, AIGNE_E_PROTOCOL, "%.*s answered something that is not HTTP",
     false},
    {CURLE_BAD_CONTENT_ENCODING, AIGNE_E_PROTOCOL,
     "%.*s answered in an encoding that could not be read", false},
    {CURLE_URL_MALFORMAT, AIGNE_E_CONFIG, "the URL for %.*s is not valid", false},
    {CURLE_PEER_FAILED_VERIFICATION, AIGNE_E_NETWORK,
     "the certificate of %.*s could not be verified", true},
    {CURLE_SSL_CONNECT_ERROR, AIGNE_E_NETWORK, "no secure connection to %.*s could be made",
     true},
    {CURLE_SSL_CACERT_BADFILE, AIGNE_E_CONFIG,
     "the file of certificate authorities for %.*s could not be read", false},
    {CURLE_OUT_OF_MEMORY, AIGNE_E_NOMEM, "out of memory while talking to %.*s", false},
};

/* libcurl tells these alike, but the proxy is somebody else's setting. */
static const struct explanation through_proxy[] = {
    {CURLE_COULDNT_CONNECT, AIGNE_E_NETWORK,
     "could not connect to the proxy for %.*s; check the setting proxy", false},
};

static const struct explanation *explanation_of(CURLcode code, bool proxied)
{
    if (proxied && through_proxy[0].code == code)
        return &through_proxy[0];
    static const struct explanation other = {CURLE_OK, AIGNE_E_NETWORK,
                                             "the exchange with %.*s failed", true};
    for (size_t i = 0; i < sizeof(explanations) / sizeof(explanations[0]); i++)
        if (explanations[i].code == code)
            return &explanations[i];
    return &other;
}

static void add_detail(struct transfer *t, const struct explanation *e, struct fault *why)
{
    long number = 0;
    long proxy_status = 0;
    size_t used = strlen(why->text);
    char *to = why->text + used;
    size_t room = sizeof(why->text) - used;
    char text[128];
    (void)curl_easy_getinfo(t->easy, CURLINFO_OS_ERRNO, &number);
    (void)curl_easy_getinfo(t->easy, CURLINFO_HTTP_CONNECTCODE, &proxy_status);
    struct buf more;
    buf_init(&more, room - 1);
    if (proxy_status >= 300)
        buf_printf(&more, ": the proxy answered %ld", proxy_status);
    else if (e->detailed && t->detail[0])
        buf_printf(&more, ": %s", t->detail);
    else if (number && e->code != CURLE_PARTIAL_FILE) /* it is of an older failure then */
        buf_printf(&more, ": %s", strerror_r((int)number, text, sizeof(text)));
    fault_copy(to, room, buf_slice(&more));
    buf_free(&more);
}

static int say(struct fault *why, int rc, const char *text, struct slice peer)
{
    return fault_set(why, rc, "%s (%.*s)", text, (int)peer.n, peer.p);
}

int transfer_explain(struct transfer *t, CURLcode code, struct fault *why)
{
    bool whole = code == CURLE_OK && t->head_done;
    if (whole && !t->stop_rc && !t->repeat_refused)
        return AIGNE_OK;
    struct slice peer = authority_of(buf_slice(&t->url));
    if (t->stop_rc)
        return say(why, t->stop_rc, t->stop_text ? t->stop_text : "the answer was not wanted",
                   peer);
    if (t->repeat_refused)
        return fault_set(
            why, AIGNE_E_NETWORK,
            "%.*s closed the connection without an answer to a request that it may "
            "have got",
            (int)peer.n, peer.p);
    if (code == CURLE_OK)
        return say(why, AIGNE_E_PROTOCOL, "the answer has no head", peer);
    const struct explanation *e = explanation_of(code, t->proxy.n > 0);
    (void)fault_set(why, e->rc, "%s", "");
    struct buf text;
    buf_init(&text, sizeof(why->text) - 1);
    size_t hole = slice_find(slice_text(e->format), SLICE("%.*s"));
    buf_put(&text, e->format, hole);
    buf_put_slice(&text, peer);
    buf_put_text(&text, e->format + hole + 4);
    fault_copy(why->text, sizeof(why->text), buf_slice(&text));
    buf_free(&text);
    add_detail(t, e, why);
    return e->rc;
}
