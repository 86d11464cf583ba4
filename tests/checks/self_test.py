#!/usr/bin/env python3
"""The checks notice what they are for: each rule is shown something that breaks it."""
import sys
import unittest

import banned
import house
import layers
import public
import tree


class Layers(unittest.TestCase):
    def setUp(self):
        self.rules = layers.Rules(tree.read('lib/layers.txt'))

    def judge(self, file, header, quoted=True):
        return layers.judge_library(self.rules, file, quoted, header)

    def test_down_is_right_and_up_is_wrong(self):
        self.assertIsNone(self.judge('text/url.c', 'base/buf.h'))
        self.assertIsNone(self.judge('core/call.c', 'net/transfer.h'))
        self.assertIn('must not include', self.judge('base/buf.c', 'text/url.h'))
        self.assertIn('must not include', self.judge('hub/hub.c', 'net/loop.h'))
        self.assertIn('must not include', self.judge('api/api.c', 'hub/hub.h'))
        self.assertIn('must not include', self.judge('net/loop.c', 'provider/adapter.h'))

    def test_outside_headers_have_one_door(self):
        self.assertIsNone(self.judge('text/json.c', 'json-c/json.h', quoted=False))
        self.assertIn('only', self.judge('text/url.c', 'json-c/json.h', quoted=False))
        self.assertIn('only', self.judge('core/call.c', 'curl/curl.h', quoted=False))
        self.assertIsNone(self.judge('net/transfer_head.c', 'curl/curl.h', quoted=False))
        self.assertIn('unknown', self.judge('core/call.c', 'openssl/ssl.h', quoted=False))

    def test_pure_files_have_no_clock(self):
        self.assertIn('pure', self.judge('provider/openai.c', 'base/clock.h'))
        self.assertIn('pure', self.judge('hub/route.c', 'time.h', quoted=False))
        self.assertIsNone(self.judge('hub/ledger.c', 'time.h', quoted=False))

    def test_headers_are_named_by_room(self):
        self.assertIn('room', self.judge('net/loop.c', 'loop.h'))

    def test_examples_stay_outside(self):
        judge = layers.judge_example
        self.assertIsNone(judge(self.rules, 'chat.c', False, 'aignehub/aignehub.h'))
        self.assertIn('reaches', judge(self.rules, 'chat.c', True, 'base/buf.h'))
        self.assertIsNotNone(judge(self.rules, 'chat.c', False, 'curl/curl.h'))
        self.assertIsNone(judge(self.rules, 'hub/main.c', False, 'microhttpd.h'))


class Text(unittest.TestCase):
    def test_comments_and_strings_do_not_count(self):
        text = 'a("free(x)"); /* malloc( */ b(\'"\'); // atoi(\nc();'
        self.assertEqual(tree.bare(text).split(), ['a("");', "b('');", 'c();'])
        self.assertEqual(tree.bare('/*\n\n*/x').count('\n'), 2)

    def test_functions_are_measured(self):
        text = 'int plain(int a,\n          int (*f)(int, int))\n{\n    return a;\n}\n' \
               'static const int t[] = {\n    1,\n};\nvoid none(void)\n{\n}\n'
        self.assertEqual(list(tree.functions(text)), [('plain', 1, 5, 2), ('none', 9, 3, 0)])

    def test_calls_are_seen(self):
        self.assertEqual(banned.CALL.findall('x = malloc (3) + s->free(p) + my_free(q)'),
                         ['malloc', 'my_free'])
        self.assertTrue(banned.FLOAT.search('static double x;'))
        self.assertFalse(banned.FLOAT.search('int floating;'))


class Public(unittest.TestCase):
    def test_declarations_over_lines(self):
        self.assertEqual(public.DECLARATION.findall(
            'AIGNE_API int aigne_x(const char *a,\n  int b);\nAIGNE_API const char *aigne_y(void);'),
            ['aigne_x', 'aigne_y'])

    def test_symbol_list(self):
        self.assertEqual(public.of_symbol_list('N_0 { /* c */ global: a; b; local: *; };'),
                         {'N_0': ['a', 'b']})


class House(unittest.TestCase):
    def test_words_and_first_sentence(self):
        report = tree.Report('t')
        house.check_words(report, 'x.c', 'fine\n/* ' + 'TO' + 'DO later */\n')
        house.check_first_sentence(report, 'x.c', '#include <stdio.h>\n')
        house.check_first_sentence(report, 'y.c', '/* y.c - knows how to write a line. */\n')
        house.check_lengths(report, 'lib/base/x.c', 'int f(void)\n{\n' + '    x();\n' * 90 + '}\n')
        self.assertEqual(len(report.problems), 3)

    def test_cleanup_before_it_is_made(self):
        report = tree.Report('t')
        begin = 'int f(void)\n{\n    struct buf b AUTO(buf_free);\n'
        house.check_cleanup(report, 'x.c', begin + '    buf_init(&b, 1);\n    return 0;\n}\n')
        self.assertEqual(report.problems, [])
        house.check_cleanup(report, 'x.c', begin + '    if (x)\n        return 0;\n'
                            '    buf_init(&b, 1);\n    return 1;\n}\n')
        self.assertEqual(len(report.problems), 1)


if __name__ == '__main__':
    sys.exit(0 if unittest.main(exit=False, verbosity=1).result.wasSuccessful() else 1)
