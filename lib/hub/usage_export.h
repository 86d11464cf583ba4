/* usage_export.h - usage rows as other programs read them. */
#ifndef AIGNE_HUB_USAGE_EXPORT_H
#define AIGNE_HUB_USAGE_EXPORT_H

#include "hub/catalog.h"
#include "store/store.h"

struct usage_export {
    struct buf *out;
    bool csv;                      /* else a JSON object a line */
    const struct catalog *catalog; /* who the users are */
    struct arena *arena;
    int64_t count; /* of rows so far */
};

void usage_export_head(struct usage_export *e); /* what comes before the first row */
void usage_export_row(void *user, const struct usage_row *row);

#endif
