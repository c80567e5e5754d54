"""curl as TorchServe's documentation has it. `<MARKS>` are filled in by the package."""

ONE = """
curl <TORCHSERVE_URL> -T photo.jpg
"""

SEVERAL = """
# A request of TorchServe's protocol has one photo.
for photo in first.jpg second.jpg; do
  echo "$photo"
  curl -sS <TORCHSERVE_URL> -T "$photo"
  echo
done
"""

BASE64 = """
base64 < photo.jpg | tr -d '\\n' |
  curl <TORCHSERVE_URL> -F 'data=<-'
"""

ERRORS = """
# After 429 or 503, curl waits as long as Retry-After says.
# It fails on an error and keeps what it says.
curl --retry 5 --fail-with-body -o answer.json \\
  <TORCHSERVE_URL> -T photo.jpg
"""
