/* The catalogue of causes: every entry is whole, ids are unique and speak of their stage. */
#include "base/cause.h"
#include "base/str.h"
#include "base/sys.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

static void entries_are_whole(void **state)
{
    (void)state;
    assert_true(cause_count() > 80);
    for (size_t i = 0; i < cause_count(); i++) {
        const struct stoa_cause *c = cause_at(i);
        struct stoa_str id = str_of(c->id);
        size_t dot = str_find(id, '.');
        assert_true(dot < id.n);
        assert_true(str_eq((struct stoa_str){ id.p, dot }, str_of(stoa_stage_name(c->stage))));
        assert_true(i == 0 || cause_at(i - 1)->stage <= c->stage);
        assert_ptr_equal(stoa_cause_find(c->id), c); /* the first of that id: no other one */
        assert_non_null(exit_code_text(c->exit_code));
        assert_true(strlen(c->what) > 10 && strlen(c->page) > 10);
        assert_true(c->what[strlen(c->what) - 1] != '.');
        assert_true(c->page[strlen(c->page) - 1] == '.');
        assert_true(!c->hint || strlen(c->hint) > 10);
        assert_true(!c->rules_out || c->rules_out[strlen(c->rules_out) - 1] == '.');
    }
    assert_null(stoa_cause_find("no.such"));
}

static void an_errno_means_something_at_each_stage(void **state)
{
    (void)state;
    assert_string_equal(cause_of(STOA_STAGE_BIND, -EADDRINUSE)->id, "bind.in_use");
    assert_string_equal(cause_of(STOA_STAGE_LISTEN, -EADDRINUSE)->id, "listen.in_use");
    assert_string_equal(cause_of(STOA_STAGE_CONNECT, -ECONNREFUSED)->id, "connect.refused");
    assert_string_equal(cause_of(STOA_STAGE_CONNECT, -EXDEV)->id, "connect.failed");
    assert_string_equal(cause_of(STOA_STAGE_REPLY, 0)->id, "reply.failed");
    for (enum stoa_stage s = STOA_STAGE_RESOLVE; s < STOA_STAGES; s++) {
        assert_int_equal(cause_of(s, -EXDEV)->stage, s);
        assert_int_equal(cause_of(s, -EXDEV)->errs[0], 0);
    }
}

static void exit_codes_have_a_text(void **state)
{
    (void)state;
    assert_string_equal(exit_code_text(EXIT_FINE), "all went well");
    assert_null(exit_code_text(99));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(entries_are_whole),
        cmocka_unit_test(an_errno_means_something_at_each_stage),
        cmocka_unit_test(exit_codes_have_a_text),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
