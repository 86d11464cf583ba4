/* rotation.h - smooth weighted round-robin, laid out once as a list of slots. Pure. */
#ifndef AIGNE_HUB_ROTATION_H
#define AIGNE_HUB_ROTATION_H

#include "base/arena.h"
#include <stddef.h>
#include <stdint.h>

#define ROTATION_WEIGHT_LARGEST 100
#define ROTATION_WEIGHT_DEFAULT 100
/* More members have no turn. */
#define ROTATION_MEMBERS_LARGEST 1024

/* Who is served in which order: in a whole round each member as often as its weight says, spread
 * evenly. Read by any thread. */
struct rotation {
    uint16_t *slots;
    size_t count;
};

/* How much of its share a member gets. */
enum rotation_share { ROTATION_FULL, ROTATION_TENTH, ROTATION_NOTHING };

/* AIGNE_OK, or AIGNE_E_NOMEM. With equal weights there is a slot for each, in order. */
int rotation_build(struct rotation *r, const unsigned *weights, size_t count, struct arena *a);
/* Whose turn it is when everybody has a full share. The rotation has a slot. */
size_t rotation_pick(const struct rotation *r, unsigned turn);
/* The same where shares[member] are as given; SIZE_MAX: nobody has any. */
size_t rotation_pick_shared(const struct rotation *r, unsigned turn,
                            const unsigned char *shares);

#endif
