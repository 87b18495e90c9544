#!/bin/sh
# tests/tools/site.sh -- the sample site hangs together: its links lead somewhere in it, and the
# compressed siblings hold what the files hold.
site=examples/site
passed=0 failed=0

# count TEXT STATUS
count() {
    if [ "$2" = 0 ]; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        echo "$site: $1"
    fi
}

for link in $(grep -oE '(src|href)="[^"]*"' $site/index.html | cut -d '"' -f 2); do
    test -e "$site/$link"
    count "index.html leads to $link, which is not there" $?
done
for packed in "$site"/*.gz; do
    gzip -dc "$packed" | cmp -s - "${packed%.gz}"
    count "$packed is not ${packed%.gz}" $?
done
if command -v brotli >/dev/null; then
    for packed in "$site"/*.br; do
        brotli -dc "$packed" | cmp -s - "${packed%.br}"
        count "$packed is not ${packed%.br}" $?
    done
fi
echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
