/* form.h - a request that came as multipart/form-data, as fields with names. */
#ifndef AIGNE_INGRESS_FORM_H
#define AIGNE_INGRESS_FORM_H

#include "base/arena.h"
#include "base/fault.h"
#include "text/json_scan.h"
#include "text/multipart_read.h"

struct form {
    struct multipart_field *fields;
    size_t count;
};

/* AIGNE_E_REQUEST unless the body is such a form; all borrowed from both slices. */
int form_read(struct slice content_type, struct slice body, struct arena *a, struct form *out,
              struct fault *why);
bool form_is(struct slice content_type); /* it says that it is one */
/* The name without the "[]" that tells a list. */
struct slice form_name(const struct multipart_field *f);
bool form_is_file(const struct multipart_field *f);
/* The field of that name; NULL: none. `repeated` tells whether there is another. */
const struct multipart_field *form_get(const struct form *form, const char *name,
                                       bool *repeated);
/* A field's text as JSON: a number, true or false when that is `wanted` and it is one, else a string. .raw.p
 * NULL: no memory. */
struct json form_json(const struct multipart_field *f, enum json_kind wanted, struct arena *a);
/* The texts of all fields of one name, as an array of strings. .raw.p NULL: no memory. */
struct json form_json_list(const struct form *form, struct slice name, struct arena *a);

#endif
