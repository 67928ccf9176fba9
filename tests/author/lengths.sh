# A histogram of how long words are: an operator with keyed state and a timer.
# Begins in an empty folder where gyre is installed; $AUTHOR has what the author wrote into the files of `gyre new`.

gyre new lengths
cp "$AUTHOR"/lengths/* lengths

make -s -C lengths check
make -s -C lengths conform
gyre inspect lengths/lengths.so | grep '^  tested .* pass, 0 fail'

printf '1,ann,to\n2,ann,be\n3,bob,not\n12,ann,whether\n' >lengths/in.csv
gyre run lengths/lengths.cfg -p 2 | sort >said
printf '%s\n' ann,10000000,2,2 ann,20000000,7,1 bob,10000000,3,1 | diff - said
