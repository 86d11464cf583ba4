"""Write the numbered .sql files given as arguments into a C file as one array, in their order."""
import json
import re
import sys


def literal(line):
    """With one space where one is needed; none of the texts in quotes has any of these characters beside a space."""
    return json.dumps(re.sub(r" *([(),;=<>]) *", r"\1", line.strip()) + " ", ensure_ascii=True)


def main():
    with open(sys.argv[1], "w", encoding="ascii") as out:
        out.write("/* Knows the schema's steps, made from the numbered .sql files at build time. */\n")
        out.write('#include "store/schema.h"\n\n')
        out.write("const char *const schema_steps[] = {\n")
        for name in sys.argv[2:]:
            out.write("    /* %s */\n" % name.rsplit("/", 1)[-1])
            with open(name, encoding="ascii") as source:
                lines = [l for l in source.read().splitlines() if l.strip() and l[:2] != "--"]
            if sum(len(line) + 1 for line in lines) > 4095:
                sys.exit("%s: longer than a C string literal may be; split it" % name)
            for line in lines:
                out.write("    %s\n" % literal(line))
            out.write("    ,\n")
        out.write("};\nconst int schema_step_count = %d;\n" % (len(sys.argv) - 2))


main()
