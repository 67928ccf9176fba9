# The processes of this machine: a source over /proc.
# Begins in an empty folder where gyre is installed; $AUTHOR has what the author wrote into the files of `gyre new`.

gyre new procs --kind source
cp "$AUTHOR"/procs/* procs

make -s -C procs check
make -s -C procs conform
gyre inspect procs/procs.so | grep '^  tested .* pass, 0 fail'
gyre conform procs/procs.so --only source.replay,source.position | grep '^2 pass'

gyre check procs/procs.cfg 2>&1 | grep 'at most once'
gyre run procs/procs.cfg | grep '^[A-Z],[1-9]'
