/* media.h - what a file in a request is, by its bytes, its declared type, or its name. */
#ifndef AIGNE_PROVIDER_MEDIA_H
#define AIGNE_PROVIDER_MEDIA_H

#include "chat/request.h"

enum media_kind { MEDIA_IMAGE, MEDIA_AUDIO, MEDIA_VIDEO, MEDIA_PDF, MEDIA_TEXT, MEDIA_OTHER };

struct media {
    enum media_kind kind;
    struct slice mime;   /* lower-case names as registered; absent: unknown */
    struct slice base64; /* absent: it is elsewhere */
    struct slice url;    /* where; absent: it is here */
    struct slice filename;
};

/* Of a DATA or URL part. A data: URL counts as data. The bytes of an image decide over its declared
 * type: providers compare the two. A URL that says nothing of its type is taken for an image. */
struct media media_of(const struct chat_part *p);

#endif
