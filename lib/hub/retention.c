/* Knows since when usage rows are old by the settings; refuses to know how they are moved: the store does. */
#include "hub/retention.h"
#include "base/clock.h"
#include "base/log.h"
#include "hub/hub_state.h"
#include "store/calendar.h"
#include "text/json_scan.h"

enum { DAY_MS = 86400000, REST_MS = 60000 };

/* The month `months` before this one, in milliseconds. */
static int64_t months_ago(int64_t now_ms, int64_t months)
{
    int64_t date[3];
    calendar_date(now_ms / DAY_MS, date);
    int64_t month = date[0] * 12 + date[1] - 1 - months;
    return calendar_days(month / 12, month % 12 + 1, 1) * DAY_MS;
}

static int64_t months_kept(struct hub *h)
{
    struct catalog *c = hub_catalog(h);
    const struct store_object *settings = catalog_object(c, TABLE_SETTINGS, SLICE(SETTINGS_ID));
    int64_t months = 0;
    if (settings)
        (void)json_int64(json_get(json_of(settings->body), "retentionMonths"), &months);
    catalog_drop(c);
    return months;
}

void retention_keep(struct hub *h)
{
    struct fault why;
    int64_t now_ms = clock_wall_ms();
    int64_t moved = 0;
    bool rests =
        now_ms < h->retention_rest_ms && h->retention_rest_ms < now_ms + (int64_t)2 * REST_MS;
    if (!h->type->archive || rests)
        return;
    int64_t months = months_kept(h);
    fault_clear(&why);
    if (months > 0 &&
        h->type->archive(h->store, months_ago(now_ms, months), false, &moved, &why))
        log_line(LOG_WARNING, "hub", "old usage rows stay where they are: %s", why.text);
    if (!moved)
        h->retention_rest_ms = now_ms + REST_MS;
}
