echo 3/10 > "$LIBRETTO_DIR/progress"
echo "$LIBRETTO_STEP" >> started
while [ ! -e go ]; do sleep 0.02; done
echo '{"done": true}' > "$LIBRETTO_DIR/output.json"
