#!/bin/sh
# tests/tools/run-tests.sh -- tools/run-tests tells passed from failed, skipped, crashed and stuck.
. tests/tools/lib
run="$top/tools/run-tests"

expect 0 '0 passed, 0 failed, 0 skipped' "$run"
expect 0 '1 passed, 0 failed, 0 skipped' "$run" true
expect 1 '0 passed, 1 failed, 0 skipped' "$run" false
expect 1 'failed: sh -c "echo seen; exit 3"' "$run" true 'sh -c "echo seen; exit 3"'
expect 1 '    seen' "$run" 'sh -c "echo seen; exit 3"'
expect 0 '1 passed, 0 failed, 1 skipped' "$run" true 'sh -c "echo no such kernel; exit 77"'
expect 0 'no such kernel' "$run" 'sh -c "echo no such kernel; exit 77"'
expect 1 'SIGSEGV' "$run" 'sh -c "kill -SEGV $$"'
expect 1 'not done after 1 s' "$run" -t 1 'sleep 30'
expect 0 'sh (A=1 B=2)' "$run" 'A=1 B=2 sh -c "test $A$B = 12"'
expect 0 '1 passed' "$run" 'sh -c "! read line"'

# What is left running ends with the test, and does not hold it up: the reader sees its end.
mkfifo held
timeout 20 cat held &
expect 0 '1 passed' "$run" -t 20 'sh -c "exec 3>held; sleep 300 & exit 0"'
expect 0 '' wait $!

# Counts that a program prints.
expect 0 '12 passed, 0 failed, 0 skipped' "$run" 'echo "12 passed, 0 failed"'
expect 0 '12 passed, 0 failed, 3 skipped' "$run" 'echo "12 passed, 0 failed, 3 skipped"'
expect 1 '12 passed, 2 failed, 0 skipped' "$run" 'echo "12 passed, 2 failed"'
expect 1 '12 passed, 1 failed, 0 skipped' "$run" 'sh -c "echo 12 passed, 0 failed; exit 1"'
file cmocka <<'END'
[==========] 5 test(s) run.
[  PASSED  ] 3 test(s).
[  SKIPPED ] 1 test(s), listed below:
[  FAILED  ] 1 test(s), listed below:
END
expect 1 '3 passed, 1 failed, 1 skipped' "$run" 'cat cmocka'
expect 1 '4 passed, 1 failed, 1 skipped' "$run" 'cat cmocka' true

# --wrap goes before programs, not before scripts.
printf '#!/bin/sh\nexit 0\n' | file t.sh
chmod +x t.sh
expect 1 '1 passed, 1 failed' "$run" --wrap='sh -c false' ./t.sh true
finish
