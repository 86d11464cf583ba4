/* Knows which bytes are a form, where its parts are, and what is none. */
#include "base/buf.h"
#include "text/multipart_read.h"
#include "unit.h"
#include <stdlib.h>

#define TYPE      "multipart/form-data; boundary=b"
#define DIGITS_64 "0123456789012345678901234567890123456789012345678901234567890123"

struct reading {
    struct multipart_reader m;
    struct multipart_field part;
};

static void start(struct reading *r, const char *type, const char *body)
{
    assert_int_equal(multipart_read_start(&r->m, slice_text(type), slice_text(body)), AIGNE_OK);
}

static void has_part(struct reading *r, const char *name, const char *content)
{
    int rc = multipart_read_next(&r->m, &r->part);
    if (rc != 1)
        fail_msg("%d: %s", rc, r->m.problem ? r->m.problem : "");
    assert_slice(r->part.name, name);
    assert_slice(r->part.content, content);
}

static void has_no_more(struct reading *r)
{
    assert_int_equal(multipart_read_next(&r->m, &r->part), 0);
    assert_int_equal(multipart_read_next(&r->m, &r->part), 0);
}

static void parts_one_after_the_other(void **state)
{
    (void)state;
    struct reading r;
    start(&r, TYPE,
          "--b\r\n"
          "Content-Disposition: form-data; name=\"model\"\r\n"
          "\r\n"
          "whisper-1\r\n"
          "--b\r\n"
          "content-type:audio/wav\r\n"
          "CONTENT-DISPOSITION:form-data;filename=\"a.wav\";name=file\r\n"
          "X-Other: 1\r\n"
          "\r\n"
          "\r\n--bRIFF\r\n--c\r\n--b-\r\n--b--x\r\n\r\n"
          "--b  \t\r\n"
          "Content-Disposition: form-data; name=\"empty\"\r\n"
          "\r\n"
          "\r\n"
          "--b--  \r\n");
    has_part(&r, "model", "whisper-1");
    assert_null(r.part.type.p);
    assert_null(r.part.filename.p);
    has_part(&r, "file", "\r\n--bRIFF\r\n--c\r\n--b-\r\n--b--x\r\n");
    assert_slice(r.part.type, "audio/wav");
    assert_slice(r.part.filename, "a.wav");
    has_part(&r, "empty", "");
    has_no_more(&r);
}

static void what_stands_around_is_passed_over(void **state)
{
    (void)state;
    struct reading r;
    start(&r, TYPE,
          "This is a form.\r\n--bb\r\n--b\r\n"
          "Content-Disposition: form-data; name=\"a\"\r\n\r\n1\r\n--b--\r\n"
          "--b\r\nContent-Disposition: form-data; name=\"b\"\r\n\r\n2\r\n--b--");
    has_part(&r, "a", "1");
    has_no_more(&r);
    start(&r, TYPE, "--b--");
    has_no_more(&r);
    start(&r, TYPE, "\r\n--b\r\nContent-Disposition: form-data; name=\"a\"\r\n--b--");
    has_part(&r, "a", ""); /* headers and nothing behind them */
    has_no_more(&r);
}

static void boundaries_quoted_and_not(void **state)
{
    (void)state;
    static const char *const good[] = {
        "multipart/form-data; boundary=b",
        "Multipart/Form-Data;Boundary=b",
        "multipart/form-data; charset=utf-8; boundary=\"b\"",
        "multipart/form-data; boundary=b; charset=utf-8",
        "multipart/form-data ; x=\";boundary=y\"; boundary = \"b\" ",
    };
    static const char *const bad[] = {
        "",
        "application/json",
        "multipart/mixed; boundary=b",
        "multipart/form-data",
        "multipart/form-data; boundary=",
        "multipart/form-data; boundary=\"\"",
        "multipart/form-data; boundary",
        "multipart/form-data; boundary=a\tb",
        "multipart/form-data; boundary=\303\251",
        "multipart/form-data; boundary=" DIGITS_64 "7890123",
    };
    struct reading r;
    for (size_t i = 0; i < COUNT(good); i++) {
        start(&r, good[i],
              "--b\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n1\r\n--b--");
        has_part(&r, "a", "1");
        has_no_more(&r);
    }
    for (size_t i = 0; i < COUNT(bad); i++) {
        assert_int_equal(multipart_read_start(&r.m, slice_text(bad[i]), SLICE("--b--")),
                         AIGNE_E_REQUEST);
        assert_non_null(r.m.problem);
        assert_int_equal(multipart_read_next(&r.m, &r.part), AIGNE_E_REQUEST);
    }
    start(&r, "multipart/form-data; boundary=\"a b:'()+_,-./=?\"",
          "--a b:'()+_,-./=?\r\nContent-Disposition: form-data; name=a\r\n\r\n1\r\n"
          "--a b:'()+_,-./=?--");
    has_part(&r, "a", "1");
    has_no_more(&r);
}

static void what_is_broken_is_said_so(void **state)
{
    (void)state;
    static const struct {
        const char *body;
        const char *problem;
    } rows[] = {
        {"", "no closing boundary"},
        {"--b", "no closing boundary"},
        {"--b\r\n", "no closing boundary"},
        {"--b\n--b--\n", "no closing boundary"},
        {"--b\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n1", "no closing boundary"},
        {"--b\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n1\r\n--b-",
         "no closing boundary"},
        {"--b\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n1--b--",
         "no closing boundary"},
        {"--b\r\n--b--", "a part without Content-Disposition: form-data"},
        {"--b\r\n\r\n1\r\n--b--", "a part without Content-Disposition: form-data"},
        {"--b\r\nContent-Type: a/b\r\n\r\n1\r\n--b--",
         "a part without Content-Disposition: form-data"},
        {"--b\r\nContent-Disposition: attachment; name=\"a\"\r\n\r\n1\r\n--b--",
         "a part without Content-Disposition: form-data"},
        {"--b\r\nContent-Disposition: form-data\r\n\r\n1\r\n--b--", "a part without a name"},
        {"--b\r\nContent-Disposition: form-data; name=\"\"\r\n\r\n1\r\n--b--",
         "a part without a name"},
        {"--b\r\nContent-Disposition: form-data; filename=\"a\"\r\n\r\n1\r\n--b--",
         "a part without a name"},
    };
    struct reading r;
    for (size_t i = 0; i < COUNT(rows); i++) {
        start(&r, TYPE, rows[i].body);
        assert_int_equal(multipart_read_next(&r.m, &r.part), AIGNE_E_REQUEST);
        assert_string_equal(r.m.problem, rows[i].problem);
        assert_int_equal(multipart_read_next(&r.m, &r.part), AIGNE_E_REQUEST);
    }
}

static void there_are_limits(void **state)
{
    (void)state;
    struct reading r;
    struct buf b;
    buf_init(&b, (size_t)1 << 20);
    BUF_LITERAL(&b, "--b\r\nContent-Disposition: form-data; name=\"a\"\r\nX: ");
    for (size_t i = 0; i < MULTIPART_READ_HEADERS_LARGEST; i++)
        buf_put_byte(&b, 'x');
    BUF_LITERAL(&b, "\r\n\r\n1\r\n--b--");
    start(&r, TYPE, b.p);
    assert_int_equal(multipart_read_next(&r.m, &r.part), AIGNE_E_REQUEST);
    assert_string_equal(r.m.problem, "a part whose headers are too large");
    buf_clear(&b);
    for (size_t i = 0; i <= MULTIPART_READ_PARTS_LARGEST; i++)
        BUF_LITERAL(&b, "--b\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n1\r\n");
    BUF_LITERAL(&b, "--b--");
    start(&r, TYPE, b.p);
    for (size_t i = 0; i < MULTIPART_READ_PARTS_LARGEST; i++)
        has_part(&r, "a", "1");
    assert_int_equal(multipart_read_next(&r.m, &r.part), AIGNE_E_REQUEST);
    assert_string_equal(r.m.problem, "too many parts");
    buf_free(&b);
}

static void names_of_files(void **state)
{
    (void)state;
    static const struct {
        const char *parameters;
        const char *name;
    } rows[] = {
        {"filename=\"a.png\"", "a.png"},
        {"filename=a.png", "a.png"},
        {"filename=\"\"", ""},
        {"filename=\"na\303\257ve.png\"", "na\303\257ve.png"},
        {"filename=\"a \\\"b\\\".png\"", "a \"b\".png"},
        {"filename=\"a %22b%22.png\"", "a \"b\".png"},
        {"filename=\"../../etc/passwd\"", "passwd"},
        {"filename=\"C:\\Bilder\\a.png\"", "a.png"},
        {"filename=\"old.png\"; filename*=UTF-8''na%C3%AFve.png", "na\303\257ve.png"},
        {"filename=\"old.png\"; filename*=utf-8'en'n.png", "n.png"},
        {"filename=\"old.png\"; filename*=iso-8859-1''n%E4.png", "old.png"},
        {"filename=\"old.png\"; filename*=UTF-8''n%E4.png", "old.png"},
        {"filename*=UTF-8''%2Ftmp%2Fx.png", "x.png"},
    };
    struct arena a;
    arena_init(&a);
    for (size_t i = 0; i < COUNT(rows); i++) {
        char body[400];
        struct reading r;
        snprintf(body, sizeof body,
                 "--b\r\nContent-Disposition: form-data; name=\"f\"; %s\r\n\r\n1\r\n--b--",
                 rows[i].parameters);
        start(&r, TYPE, body);
        has_part(&r, "f", "1");
        assert_slice(multipart_read_filename(&r.part, &a), rows[i].name);
    }
    struct multipart_field none = {.filename = SLICE_NONE, .filename_coded = SLICE_NONE};
    assert_null(multipart_read_filename(&none, &a).p);
    arena_free(&a);
}

/* Cut anywhere a form is either whole or broken, and reading stays inside. */
static void cut_anywhere(void **state)
{
    (void)state;
    static const char whole[] =
        "--b\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n1\r\n"
        "--b\r\nContent-Disposition: form-data; name=\"f\"; filename=\"x\"\r\n"
        "Content-Type: text/plain\r\n\r\n\r\n\r\n--b--";
    for (size_t n = 0; n < sizeof whole - 1; n++) {
        struct reading r;
        int rc = 1;
        char *piece = malloc(n + 1);
        assert_non_null(piece);
        memcpy(piece, whole, n);
        assert_int_equal(multipart_read_start(&r.m, SLICE(TYPE), slice_of(piece, n)), AIGNE_OK);
        while (rc == 1)
            rc = multipart_read_next(&r.m, &r.part);
        assert_int_equal(rc, AIGNE_E_REQUEST);
        free(piece);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parts_one_after_the_other),
        cmocka_unit_test(what_stands_around_is_passed_over),
        cmocka_unit_test(boundaries_quoted_and_not),
        cmocka_unit_test(what_is_broken_is_said_so),
        cmocka_unit_test(there_are_limits),
        cmocka_unit_test(names_of_files),
        cmocka_unit_test(cut_anywhere),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
