/* form.c - knows how a form's fields become values like JSON's; refuses to know what they are for. */
#include "ingress/form.h"

#include "base/mem.h"
#include "text/http.h"
#include "text/json_write.h"
#include <aignehub/aignehub.h>

bool form_is(struct slice content_type)
{
    return http_media_type_is(content_type, "multipart/form-data");
}

static int refuse(const struct multipart_reader *m, struct fault *why)
{
    return fault_set(why, AIGNE_E_REQUEST, "The body is no form that can be read: it has %s.",
                     m->problem);
}

static int keep(struct form *form, const struct multipart_field *f, size_t *capacity,
                struct arena *a)
{
    if (form->count == *capacity) {
        size_t more = *capacity ? *capacity * 2 : 16;
        struct multipart_field *fields = arena_array(a, more, sizeof *fields);
        if (!fields)
            return AIGNE_E_NOMEM;
        if (form->count)
            memcpy(fields, form->fields, form->count * sizeof *fields);
        form->fields = fields;
        *capacity = more;
    }
    form->fields[form->count++] = *f;
    return AIGNE_OK;
}

int form_read(struct slice content_type, struct slice body, struct arena *a, struct form *out,
              struct fault *why)
{
    struct multipart_reader m;
    struct multipart_field f;
    size_t capacity = 0;
    *out = (struct form){.count = 0};
    if (!form_is(content_type)) {
        struct slice type = content_type.n ? content_type : SLICE("something without a type");
        fault_set(why, AIGNE_E_REQUEST, "The body must be multipart/form-data, not %.*s.",
                  (int)(type.n < 100 ? type.n : 100), type.p);
        why->http = 415;
        return AIGNE_E_REQUEST;
    }
    if (multipart_read_start(&m, content_type, body))
        return refuse(&m, why);
    int rc = multipart_read_next(&m, &f);
    for (; rc > 0; rc = multipart_read_next(&m, &f)) {
        if (keep(out, &f, &capacity, a))
            return fault_nomem(why);
    }
    return rc < 0 ? refuse(&m, why) : AIGNE_OK;
}

struct slice form_name(const struct multipart_field *f)
{
    bool listed = slice_ends(f->name, "[]") && f->name.n > 2;
    return slice_of(f->name.p, f->name.n - (listed ? 2 : 0));
}

bool form_is_file(const struct multipart_field *f)
{
    return f->filename.p || f->filename_coded.p;
}

const struct multipart_field *form_get(const struct form *form, const char *name,
                                       bool *repeated)
{
    const struct multipart_field *found = NULL;
    *repeated = false;
    for (size_t i = 0; i < form->count; i++) {
        if (!slice_is(form->fields[i].name, name))
            continue;
        *repeated = found != NULL;
        found = &form->fields[i];
    }
    return found;
}

/* ---- values ---- */

static struct json finished(struct buf *text, enum json_kind kind, struct arena *a)
{
    struct slice raw = buf_rc(text) ? SLICE_NONE : arena_copy(a, buf_slice(text));
    return (struct json){kind, raw};
}

struct json form_json(const struct multipart_field *f, enum json_kind wanted, struct arena *a)
{
    struct buf text AUTO(buf_free);
    struct slice bare = slice_trim(f->content);
    buf_init(&text, f->content.n * 6 + 2);
    if (wanted == JSON_NUMBER && !json_check(bare, NULL) && json_of(bare).kind == JSON_NUMBER)
        return json_of(bare);
    if (wanted == JSON_TRUE && (slice_is_nocase(bare, "true") || slice_is(bare, "1")))
        return json_of(SLICE("true"));
    if (wanted == JSON_TRUE && (slice_is_nocase(bare, "false") || slice_is(bare, "0")))
        return json_of(SLICE("false"));
    struct json_writer w = json_writer(&text);
    json_write_string(&w, f->content);
    return finished(&text, JSON_STRING, a);
}

struct json form_json_list(const struct form *form, struct slice name, struct arena *a)
{
    struct buf text AUTO(buf_free);
    buf_init(&text, SIZE_MAX / 2);
    struct json_writer w = json_writer(&text);
    json_open_array(&w);
    for (size_t i = 0; i < form->count; i++) {
        const struct multipart_field *f = &form->fields[i];
        if (slice_eq(form_name(f), name) && !form_is_file(f))
            json_write_string(&w, f->content);
    }
    json_close_array(&w);
    return finished(&text, JSON_ARRAY, a);
}
