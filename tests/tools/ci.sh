#!/bin/sh
# tests/tools/ci.sh -- .ci/run goes through all its steps, adds up, and ends at the first that fails.
. tests/tools/lib
unset MAKEFLAGS MAKELEVEL
mkdir .ci
cp "$top/.ci/run" .ci/

# A Makefile whose targets say what make's own would say.
cat >Makefile <<'END'
test:
	@echo '7 passed, 0 failed, 1 skipped'
asan tsan:
	@echo '5 passed, 0 failed, 0 skipped'
check-%:
	@echo $@ is fine
END
# last TEXT: the last line of what the command before printed
last() {
    expect 0 "$1" tail -n 1 out
}
run() {
    bash .ci/run >out 2>&1
}

expect 0 '' run
expect 0 'check-clang is fine' cat out
expect 0 'skipped: 1' cat out
for step in check-format check-layers check-symbols check-gcc check-clang; do
    expect 0 "== make $step" cat out
done
last '22 passed, 0 failed'

printf 'check-layers:\n\t@echo "a.c:1: wrong"; exit 1\n' >>Makefile
expect 1 '' run
expect 0 '8 passed, 1 failed' cat out
last '.ci/run: failed at: make check-layers'
expect 1 '' grep check-gcc out

sed -i 's/7 passed, 0 failed/6 passed, 1 failed/; s/skipped.$/&; exit 1/' Makefile
expect 1 '' run
expect 0 '6 passed, 1 failed' cat out
last '.ci/run: failed at: make test'
finish
