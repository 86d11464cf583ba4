/* multipart_read.h - multipart/form-data that others sent (RFC 7578), part by part, nothing copied.
 *
 * The body is whole in memory. Reading gives what is between the boundaries as it is; what stands before
 * the first and behind the last one is passed over, as RFC 2046 says. */
#ifndef AIGNE_TEXT_MULTIPART_READ_H
#define AIGNE_TEXT_MULTIPART_READ_H

#include "base/arena.h"
#include "base/slice.h"
#include <stdbool.h>

#define MULTIPART_READ_BOUNDARY_LONGEST 70                  /* RFC 2046 */
#define MULTIPART_READ_HEADERS_LARGEST  ((size_t)16 * 1024) /* of one part */
#define MULTIPART_READ_PARTS_LARGEST    1024

struct multipart_reader {
    struct slice rest; /* begins with the delimiter of the next part */
    char delimiter[4 + MULTIPART_READ_BOUNDARY_LONGEST]; /* CRLF, two dashes, the boundary */
    size_t delimiter_size;
    size_t parts;
    bool begun;
    bool ended;
    const char *problem; /* after a failure: a phrase, "a part without Content-Disposition" */
};

struct multipart_field {
    struct slice name;           /* of the field as it stands between its quotes */
    struct slice filename;       /* the same of the file; .p NULL: the field is no file */
    struct slice filename_coded; /* RFC 5987's "UTF-8''na%C3%AFve.png"; .p NULL: none */
    struct slice type;           /* Content-Type; .p NULL: none */
    struct slice headers;        /* all of them, a block of lines */
    struct slice content;
};

/* AIGNE_OK, or AIGNE_E_REQUEST with `problem`: it is another media type or has no usable boundary. Both
 * slices must outlive the reading. */
int multipart_read_start(struct multipart_reader *m, struct slice content_type,
                         struct slice body);
/* 1: the next part; 0: there is no more, and the closing boundary was there; negative:
 * AIGNE_E_REQUEST with `problem`, once and for all. */
int multipart_read_next(struct multipart_reader *m, struct multipart_field *out);
/* The file's name for a person, escapes resolved, folders before it left away; .p NULL: none, or no
 * memory. */
struct slice multipart_read_filename(const struct multipart_field *part, struct arena *a);

#endif
