/* models.h - which models there are: at a remote, or in a hub of this process. */
#ifndef AIGNE_CORE_MODELS_H
#define AIGNE_CORE_MODELS_H

#include "core/answer.h"
#include "core/model.h"
#include "hub/catalog.h"

/* A JSON array of {"model","type","provider",...}; blocks. `type` may be absent. */
int models_list(struct aigne_model *m, struct slice type, struct aigne_reply **out,
                struct fault *why);
/* The array for a catalogue, in AIGNE's shape: rates as decimal text. */
void models_write(const struct catalog *c, struct slice type, struct arena *a, struct buf *out);
/* How many models there are in c->rates, with the routes behind the rates. */
size_t models_count(const struct catalog *c);
/* What the list says of who serves it. */
struct slice models_owner(const struct catalog_rate *r);
/* May be called now and is of that type ("" and absent: any; "image" means "image_generation"). */
bool models_listed(const struct catalog *c, const struct catalog_rate *r, struct slice type);
struct slice models_full_name(const struct catalog_rate *r,
                              struct arena *a); /* "openai/gpt-4o" */

#endif
