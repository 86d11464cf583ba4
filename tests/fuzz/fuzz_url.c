/* Knows that the parts of an accepted URL make up that URL, and that encoding is undone exactly. */
#include "fuzz.h"
#include "text/url.h"

static void check_parts(struct slice text, struct arena *a)
{
    struct url u;
    struct fault why;
    fault_clear(&why);
    if (url_parse(text, &u, &why) != 0) {
        FUZZ_CHECK(why.code < 0 && why.text[0] != '\0');
        return;
    }
    FUZZ_CHECK(u.host.n > 0 && u.origin.n + u.path.n <= text.n);
    bool query = u.origin.n + u.path.n < text.n;
    struct slice parts[] = {u.origin, u.path, query ? SLICE("?") : SLICE(""), u.query};
    FUZZ_CHECK(slice_eq(arena_join(a, parts, 4), text));
    struct slice joined = url_join(a, u.origin, SLICE("/v1/models"));
    FUZZ_CHECK(joined.n == u.origin.n + 10);
    struct url again;
    FUZZ_CHECK(url_parse(joined, &again, NULL) == 0 && slice_eq(again.host, u.host));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slice text = fuzz_input(data, size);
    struct arena a;
    struct buf encoded;
    arena_init(&a);
    buf_init(&encoded, (size_t)64 * 1024 * 1024);
    check_parts(text, &a);
    url_encode(&encoded, text);
    struct slice decoded = url_decode(&a, buf_slice(&encoded));
    FUZZ_CHECK(decoded.p && slice_eq(decoded, text));
    (void)url_decode(&a, text);
    (void)url_query(&a, text, "key");
    buf_free(&encoded);
    arena_free(&a);
    return 0;
}
