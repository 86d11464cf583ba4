/* server_tools.c - knows which members of what a provider's own tools did are words that any model can read;
 * refuses to know whose tools they were. */
#include "ingress/server_tools.h"

#include "base/buf.h"
#include "base/limits.h"
#include "base/mem.h"
#include <aignehub/aignehub.h>

/* Lists in objects in lists: no tool tells more deeply. */
#define DEPTH_LARGEST 8

enum member { OTHER, WORDS, OBJECT, FILE_TEXT, SEALED };

static const struct {
    const char *name;
    enum member is;
} members[] = {{"name", WORDS},
               {"code", WORDS},
               {"query", WORDS},
               {"queries", WORDS},
               {"title", WORDS},
               {"url", WORDS},
               {"filename", WORDS},
               {"text", WORDS},
               {"content", WORDS},
               {"output", WORDS},
               {"logs", WORDS},
               {"stdout", WORDS},
               {"stderr", WORDS},
               {"outcome", WORDS},
               {"error", WORDS},
               {"error_code", WORDS},
               {"revised_prompt", WORDS},
               {"arguments", WORDS},
               {"input", OBJECT}, /* of the tool's own: told as it is */
               {"args", OBJECT},
               {"action", OBJECT},
               {"operation", OBJECT},
               {"response", OBJECT},
               {"data", FILE_TEXT},
               {"encrypted_content", SEALED},
               {"encrypted_stdout", SEALED}};

struct telling {
    struct reading *r;
    struct buf text;
    bool sealed; /* something was, or is no text */
};

static enum member member_of(const struct json_walk *w)
{
    for (size_t i = 0; i < sizeof members / sizeof members[0]; i++) {
        if (json_key_is(w, members[i].name))
            return members[i].is;
    }
    return OTHER;
}

static int tell(struct telling *t, struct slice key, struct slice text)
{
    if (text.n) {
        buf_put_slice(&t->text, key);
        BUF_LITERAL(&t->text, ": ");
        buf_put_slice(&t->text, text);
        buf_put_byte(&t->text, '\n');
    }
    return text.p ? AIGNE_OK : reading_nomem(t->r);
}

/* `is`: what the member is by whose key this value goes; items of a list go by the list's. */
static int tell_value(struct telling *t, struct slice key, enum member is, struct json v,
                      int depth)
{
    if (v.kind == JSON_STRING && is != OTHER)
        return tell(t, key, json_string(v, t->r->arena));
    if (v.kind == JSON_OBJECT && is == OBJECT)
        return tell(t, key, v.raw);
    if ((v.kind != JSON_OBJECT && v.kind != JSON_ARRAY) || depth >= DEPTH_LARGEST)
        return AIGNE_OK;
    bool plain = json_string_is(json_get(v, "media_type"), "text/plain");
    struct json_walk w = json_walk(v);
    int rc = AIGNE_OK;
    while (!rc && json_next(&w)) {
        enum member inner = v.kind == JSON_ARRAY ? is : member_of(&w);
        bool sealed = inner == SEALED || (inner == FILE_TEXT && !plain);
        t->sealed = t->sealed || sealed;
        if (!sealed)
            rc = tell_value(t, v.kind == JSON_ARRAY ? key : w.key, inner, w.value, depth + 1);
    }
    return rc;
}

static int add_text(struct telling *t)
{
    struct chat_part *p = chat_add_part(&t->r->build, CHAT_TEXT);
    if (p)
        p->text = arena_copy(t->r->arena, buf_slice(&t->text));
    return p && p->text.p ? AIGNE_OK : reading_nomem(t->r);
}

int read_server_tool(struct reading *r, struct slice name, struct json item)
{
    struct telling t = {.r = r};
    buf_init(&t.text, LIMIT_REQUEST_BODY);
    buf_put_byte(&t.text, '[');
    buf_put_slice(&t.text, name);
    BUF_LITERAL(&t.text, "]\n");
    size_t empty = t.text.n;
    int rc = tell_value(&t, name, OTHER, item, 0);
    bool told = t.text.n > empty;
    if (!rc && buf_rc(&t.text))
        rc = reading_nomem(r);
    if (!rc && told)
        rc = add_text(&t);
    if (!rc && (t.sealed || !told) && chat_add_extra(&r->build, name, SLICE_NONE))
        rc = reading_nomem(r);
    buf_free(&t.text);
    return rc;
}
