# A table of SQLite as a sink, and a job of all three plugins that is killed.
# Begins in an empty folder where gyre is installed; $AUTHOR has what the author wrote into the files of `gyre new`.
# $CHECKS: what gyre conform is told to run; nothing: all.

gyre new lengths
gyre new procs --kind source
gyre new litedb --kind sink
cp -R "$AUTHOR"/lengths "$AUTHOR"/procs "$AUTHOR"/litedb "$AUTHOR"/sizes.cfg .
sed -i 's/^LIBRARIES *:=.*/LIBRARIES := sqlite3/' litedb/Makefile

make -s -C litedb check
gyre conform litedb/litedb.so $CHECKS
make -s -C lengths
make -s -C procs

# Once over this machine.
gyre run sizes.cfg
sqlite3 sizes.db 'SELECT sum(words) > 3 FROM sizes' | grep -x 1

# Over three processes that stand still, so that what has to come is known: each of them in every sample.
rm -rf sizes.db* sizes.snap
mkdir -p proc/1 proc/2 proc/30
echo '1 (init) S 0' >proc/1/stat
echo '2 (kthreadd) S 0' >proc/2/stat
echo '30 (cc1) R 1' >proc/30/stat
settings='--set procs.path=proc --set procs.samples=60 --no-supervise'
count='SELECT state, length, sum(words) FROM sizes GROUP BY state, length'

# It is killed when it has committed something, and goes on from the newest snapshot. (A gyre with a leak sanitizer has a
# helper, which would be left.)
ASAN_OPTIONS=$ASAN_OPTIONS:detect_leaks=0 gyre run sizes.cfg $settings &
job=$!
until [ "$(sqlite3 -readonly sizes.db 'SELECT count(*) > 9 FROM sizes' 2>&1)" = 1 ] || ! kill -0 $job; do sleep 0.01; done
kill -9 $job
wait $job && exit 1
sqlite3 sizes.db "$count" >killed
gyre run sizes.cfg $settings --from latest

sqlite3 sizes.db "$count" >said
printf '%s\n' 'R|3|60' 'S|4|60' 'S|8|60' | diff - said
! diff killed said >killed.diff # it was killed in the middle
sqlite3 sizes.db 'SELECT count(*) - count(DISTINCT state || until || length) FROM sizes' | grep -x 0
