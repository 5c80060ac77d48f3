if [ "$LIBRETTO_ATTEMPT" = 1 ]; then
  echo "the source is busy" >&2
  exit 75
fi
echo '{"checked": true}' > output.json
