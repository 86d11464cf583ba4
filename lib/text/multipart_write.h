/* multipart_write.h - a multipart/form-data body, written around the bytes of its files. */
#ifndef AIGNE_TEXT_MULTIPART_WRITE_H
#define AIGNE_TEXT_MULTIPART_WRITE_H

#include "text/http.h"

struct multipart_part;

struct multipart {
    struct arena *arena; /* of the request: everything written lives there or is borrowed */
    struct multipart_part *parts;
    size_t count;
    size_t capacity;
};

void multipart_begin(struct multipart *m, struct arena *a);
/* Texts and bytes are borrowed until the request was sent. A failure sticks to the arena. */
void multipart_field(struct multipart *m, struct slice name, struct slice value);
void multipart_file(struct multipart *m, struct slice name, struct slice filename,
                    struct slice mime, struct slice bytes);
/* Put the body and its content-type into `out`. The same parts give the same bytes. AIGNE_E_REQUEST when
 * the parts hold every boundary there is: nobody writes such a file but to be refused. */
int multipart_end(struct multipart *m, struct http_request *out);

#endif
