#!/bin/sh
# tests/tools/need.sh -- tools/need installs what is missing, says what it may not install, and does
# not touch apt when there is nothing to do. What it calls is replaced by what records the call.
. tests/tools/lib
need="$top/tools/need"

# stub NAME: a program of that name, from standard input
stub() {
    { echo '#!/bin/sh'; cat; } | file bin/"$1"
    chmod +x bin/"$1"
}
mkdir -p bin plain
for c in sh env grep tail mktemp rm cat true; do
    ln -s "/bin/$c" plain/
done
run() {
    env PATH="$house/bin:$house/plain" "$need" "$@"
}

# The packages in the file `there` are installed; apt-get adds what it is asked for.
stub dpkg-query <<'END'
for p; do :; done
grep -qx "$p" there && echo 'ii '
END
stub apt-get <<'END'
echo "apt-get $*" >>calls
case "$*" in *broken*) echo 'E: no such package'; exit 100 ;; esac
for p; do echo "$p" >>there; done
END
echo 0 >uid
stub id <<'END'
cat uid
END
echo gcc >there

expect_silence run gcc
expect 1 '' test -e calls

expect 0 'installing: curl wget' run gcc curl wget
expect 0 'apt-get -q -o DPkg::Lock::Timeout=300 update' cat calls
expect 0 'install -y --no-install-recommends curl wget' cat calls
rm calls
expect_silence run gcc curl wget
expect 1 '' test -e calls

expect 1 'E: no such package' run broken
expect 1 'this failed: apt-get install -y --no-install-recommends broken' \
    run broken
rm calls

# Not root, and no sudo; then a sudo that asks for a password; then one that does not.
echo 1000 >uid
expect 1 '    apt-get update && apt-get install -y --no-install-recommends git make' \
    run git gcc make
stub sudo <<'END'
exit 1
END
expect 1 'apt-get install -y --no-install-recommends git make' \
    run git gcc make
expect 1 '' test -e calls
stub sudo <<'END'
echo "sudo $1" >>calls
shift
exec "$@"
END
expect 0 'installing: git make' run git gcc make
expect 0 'sudo -n' cat calls
rm calls

# Not Debian: commands and headers are looked for, and nothing is installed.
rm bin/dpkg-query bin/apt-get bin/sudo
stub cc <<'END'
grep -q '<liburing.h>' && exit 0
exit 1
END
stub ss </dev/null
expect_silence run liburing-dev iproute2
expect 1 "stoa needs what Debian calls: libcmocka-dev valgrind" \
    run liburing-dev libcmocka-dev valgrind
finish
