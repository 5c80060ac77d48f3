echo '{"done": true}' > output.json
