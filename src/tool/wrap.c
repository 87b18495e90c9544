/* tool/wrap.c -- see wrap.h. */
#include "tool/wrap.h"

#include <string.h>

enum { WIDTH = 79 };

void print_wrapped(FILE *to, const char *label, int indent, const char *text)
{
    int column = fprintf(to, "%-*s", indent, label);
    const char *word = text;
    while (*word) {
        int n = (int)strcspn(word, " ");
        if (column > indent && column + 1 + n > WIDTH)
            column = fprintf(to, "\n%*s", indent, "") - 1;
        else if (column > indent)
            column += fprintf(to, " ");
        column += fprintf(to, "%.*s", n, word);
        word += n + (word[n] == ' ');
    }
    fprintf(to, "\n");
}
