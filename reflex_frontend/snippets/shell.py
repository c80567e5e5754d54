"""curl, for a shell. `<MARKS>` are filled in by the package."""

ONE = """
curl --data-binary @photo.jpg \\
  -H 'Content-Type: image/jpeg' \\
  <SHELL_URL>
"""

SEVERAL = """
curl -F file=@first.jpg -F file=@second.jpg \\
  <SHELL_URL>
"""

BASE64 = """
printf '{"images": ["%s"]}' "$(base64 < photo.jpg | tr -d '\\n')" |
  curl --data-binary @- \\
    -H 'Content-Type: application/json' \\
    <SHELL_URL>
"""

ERRORS = """
# After 429 or 503, curl waits as long as Retry-After says.
# It fails on an error and keeps the problem document.
curl --retry 5 --fail-with-body -o answer.json \\
  --data-binary @photo.jpg \\
  -H 'Content-Type: image/jpeg' \\
  <SHELL_URL>
"""
