/* Knows the verbs about the hub as a whole; refuses to know what its settings bring about. */
#include "hub/verb.h"
#include "text/url.h"
#include <aignehub/aignehub.h>

static int reply(struct verb_call *v, struct slice body)
{
    verb_reply(v, SLICE(SETTINGS_ID), body.p ? body : SLICE("{}"));
    json_close_object(&v->w);
    return AIGNE_OK;
}

static int settings_get(struct verb_call *v)
{
    const struct store_object *object =
        catalog_object(v->catalog, TABLE_SETTINGS, SLICE(SETTINGS_ID));
    return reply(v, object ? object->body : SLICE_NONE);
}

static int check_url(struct verb_call *v, const char *name)
{
    struct url parts;
    struct fault reason;
    struct slice url = verb_text(v, name);
    fault_clear(&reason);
    if (url.p && url_parse(url, &parts, &reason))
        return verb_refuse(v, name, "Argument \"%s\" is not usable: %s", name, reason.text);
    return AIGNE_OK;
}

static int check_billing(struct verb_call *v)
{
    int64_t days = 0;
    struct json given = verb_json(v, "starterCreditsExpireDays");
    if (given.kind != JSON_NONE && (!json_int64(given, &days) || days < 1 || days > 36500))
        return verb_refuse(v, "starterCreditsExpireDays",
                           "Argument \"starterCreditsExpireDays\" must be a number of days.");
    int64_t months = 0;
    given = verb_json(v, "retentionMonths");
    if (given.kind != JSON_NONE && (!json_int64(given, &months) || months < 1 || months > 1200))
        return verb_refuse(v, "retentionMonths",
                           "Argument \"retentionMonths\" must be a number of months.");
    struct time_zone opened;
    struct fault reason;
    struct slice zone = verb_text(v, "timeZone");
    fault_clear(&reason);
    if (zone.p && time_zone_open(zone, v->arena, &opened, &reason))
        return verb_refuse(v, "timeZone", "Argument \"timeZone\": %s", reason.text);
    return AIGNE_OK;
}

static int settings_put(struct verb_call *v)
{
    struct slice name;
    struct slice starter = SLICE_NONE;
    struct slice overdraft = SLICE_NONE;
    struct slice policy = SLICE_NONE;
    struct slice price = SLICE_NONE;
    int rc = verb_name(v, "name", &name);
    if (!rc)
        rc = check_url(v, "publicUrl");
    if (!rc)
        rc = check_url(v, "purchaseUrl");
    if (!rc)
        rc = check_billing(v);
    if (!rc)
        rc = verb_amount_json(v, "starterCredits", &starter);
    if (!rc)
        rc = verb_amount_json(v, "overdraft", &overdraft);
    if (!rc)
        rc = verb_policy(v, &policy);
    if (!rc)
        rc = verb_amount_json(v, "creditPrice", &price);
    if (!rc && price.p && slice_is(price, "\"0\""))
        rc = verb_refuse(v, "creditPrice", "Argument \"creditPrice\" must be more than 0.");
    if (rc)
        return rc;
    const struct store_object *old =
        catalog_object(v->catalog, TABLE_SETTINGS, SLICE(SETTINGS_ID));
    const struct verb_member members[] = {
        {"name", json_get(v->arguments, "name").raw},
        {"publicUrl", json_get(v->arguments, "publicUrl").raw},
        {"creditPrefix", json_get(v->arguments, "creditPrefix").raw},
        {"billing", json_get(v->arguments, "billing").raw},
        {"starterCredits", starter},
        {"starterCreditsExpireDays", json_get(v->arguments, "starterCreditsExpireDays").raw},
        {"overdraft", overdraft},
        {"retentionMonths", json_get(v->arguments, "retentionMonths").raw},
        {"policy", policy},
        {"whenStoreFails", json_get(v->arguments, "whenStoreFails").raw},
        {"pauseRecords", json_get(v->arguments, "pauseRecords").raw},
        {"timeZone", json_get(v->arguments, "timeZone").raw},
        {"creditPrice", price},
        {"purchaseUrl", json_get(v->arguments, "purchaseUrl").raw}};
    struct slice body = verb_body(v, old, members, sizeof members / sizeof *members);
    rc = verb_put(v, TABLE_SETTINGS, SLICE(SETTINGS_ID), body,
                  old ? old->version : STORE_ABSENT);
    return rc ? rc : reply(v, body);
}

static int policy_list(struct verb_call *v)
{
    json_open_object(&v->w);
    json_key(&v->w, "list");
    policy_describe(&v->w);
    json_close_object(&v->w);
    return AIGNE_OK;
}

static void write_count(struct verb_call *v, const char *name, const char *table)
{
    size_t count = 0;
    (void)catalog_objects(v->catalog, table, &count);
    json_member_int(&v->w, name, (int64_t)count);
}

static int hub_status(struct verb_call *v)
{
    const struct store_object *prices =
        catalog_object(v->catalog, TABLE_PRICES, SLICE(SETTINGS_ID));
    json_open_object(&v->w);
    json_member_text(&v->w, "version", AIGNE_VERSION);
    json_member_text(&v->w, "store", v->hub->type->scheme);
    json_member_int(&v->w, "catalogVersion", v->catalog->version);
    json_member_bool(&v->w, "takesChanges", !hub_failing(v->hub));
    write_count(v, "providers", TABLE_PROVIDER);
    write_count(v, "credentials", TABLE_CREDENTIAL);
    write_count(v, "rates", TABLE_RATE);
    write_count(v, "users", TABLE_USER);
    write_count(v, "keys", TABLE_KEY);
    if (prices)
        json_member_raw(&v->w, "prices", prices->body);
    json_close_object(&v->w);
    return AIGNE_OK;
}

static const struct verb verbs[] = {
    {{"settings.put",
      VERB_OPTIONAL(
          VERB_TEXT_OR_NULL("name", "what this hub is called"),
          VERB_TEXT_OR_NULL("publicUrl", "where clients reach it"),
          VERB_NAMED("creditPrefix",
                     "\"type\":[\"string\",\"null\"],\"enum\":[\"$\",\"\xe2\x82\xac\","
                     "\"\xc2\xa5\",null]",
                     "the sign in front of credits"),
          VERB_CHOICE("billing", "\"credits\",\"off\"",
                      "credits: calls are paid from their callers' accounts"),
          VERB_AMOUNT("starterCredits", "what a new user is given once"),
          VERB_NAMED("starterCreditsExpireDays", "\"type\":[\"number\",\"null\"]",
                     "after so many days; never when absent"),
          VERB_AMOUNT("overdraft", "how far below zero a call may bring an account"),
          VERB_CHOICE("whenStoreFails", "\"refuse\",\"continue\"",
                      "what becomes of calls while the database takes no changes"),
          VERB_FLAG("pauseRecords", "let usage rows wait beside the database"),
          VERB_JOIN(VERB_NAMED("retentionMonths", "\"type\":[\"number\",\"null\"]",
                               "usage rows of earlier months move to archives; never when "
                               "absent"),
                    VERB_TEXT_OR_NULL("timeZone", "where budgets' days begin: Europe/Berlin, "
                                                  "+05:30; UTC when absent"),
                    VERB_AMOUNT("creditPrice", "dollars that a credit costs; 1 when absent")),
          VERB_TEXT_OR_NULL("purchaseUrl", "where credits can be bought"), VERB_POLICY),
      "Change what is mentioned of the hub's settings."},
     true,
     settings_put},
    {{"settings.get", VERB_NOTHING, "Show the hub's settings."}, false, settings_get},
    {{"policy.list", VERB_NOTHING, "List what a policy may say, and the headers for it."},
     false,
     policy_list},
    {{"hub.status", VERB_NOTHING,
      "Show the version, how much there is of everything, and the list of prices last taken."},
     false,
     hub_status}};

const struct verb_table settings_verbs = {verbs, sizeof verbs / sizeof *verbs};
